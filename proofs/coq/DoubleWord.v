(* SPDX-License-Identifier: Apache-2.0 *)
(** Double words: what their algorithms are made of, with unbounded exponents, and when that is what a format F(p, emin) computes. Ties to even. *)
From Fmtlab Require Import Numbers Sums RoundingError ErrorFree DoubleRounding.
From Flocq Require Import Relative Plus_error Mult_error.

(** All numbers m 2^e with |m| < 2^p, whatever e is. *)
Notation wide p := (generic_format radix2 (FLX_exp p)).

(** Rounding to them, to nearest even. *)
Notation wide_nearest p := (round radix2 (FLX_exp p) ZnearestE).

(** 2Sum, Fast2Sum and the product with its error, as they are computed. *)
Definition two_sum_of fl x y := let s := fl (x + y) in let y' := fl (s - x) in let x' := fl (s - y') in (s, fl (fl (x - x') + fl (y - y'))) : R * R.
Definition fast_two_sum_of fl x y := let s := fl (x + y) in (s, fl (y - fl (s - x))) : R * R.
Definition two_product_of fl x y := let c := fl (x * y) in (c, fl (x * y - c)) : R * R.

Definition value (x : R * R) := fst x + snd x.

(** x_h + x_l with x_h = fl(x_h + x_l). *)
Definition double_word p (x : R * R) := wide p (fst x) /\ wide p (snd x) /\ wide_nearest p (value x) = fst x.

Lemma abs_minus x y : Rabs x - Rabs y <= Rabs (x + y).
Proof. by_signs. Qed.

Lemma abs_plus_cases x y : Rabs (x + y) = Rabs x + Rabs y \/ Rabs (x + y) = Rabs (Rabs x - Rabs y).
Proof. unfold Rabs. repeat destruct Rcase_abs; lra. Qed.

Section DoubleWord.
Variable p : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Notation fl := (wide_nearest p).
Notation u := (u p).

Lemma twice_bpow k : 2 * bpow radix2 k = bpow radix2 (k + 1).
Proof. rewrite bpow_plus. change (bpow radix2 1) with 2. ring. Qed.

Lemma u_le_quarter : u <= / 4.
Proof. change (/ 4) with (bpow radix2 (-2)). apply bpow_le. lia. Qed.

Lemma wide_0 : wide p 0.
Proof. apply generic_format_0. Qed.

Lemma wide_opp x : wide p x -> wide p (- x).
Proof. apply generic_format_opp. Qed.

Lemma wide_bpow k : wide p (bpow radix2 k).
Proof. apply generic_format_bpow. unfold FLX_exp, Prec_gt_0 in *. lia. Qed.

Lemma wide_fl x : wide p (fl x).
Proof. apply generic_format_round; typeclasses eauto. Qed.

Lemma fl_wide x : wide p x -> fl x = x.
Proof. intros. apply round_generic; [typeclasses eauto|assumption]. Qed.

Lemma fl_opp x : fl (- x) = - fl x.
Proof. apply round_NE_opp. Qed.

(** At most v |x|, v = u/(1 + u). *)
Lemma wide_error x : Rabs (fl x - x) <= u / (1 + u) * Rabs x.
Proof.
replace u with (u_ro radix2 p) by (rewrite u_is_half_power; unfold u_ro; do 2 f_equal; ring). apply relative_error_N_FLX'. exact Hp.
Qed.

(** At most u/2 times a power of two that x does not exceed. *)
Lemma wide_error_below k x : Rabs x <= bpow radix2 k -> Rabs (fl x - x) <= u * bpow radix2 k / 2.
Proof.
intros H. assert (E : u * bpow radix2 k / 2 = / 2 * bpow radix2 (k - p)) by (unfold Rdiv, Z.sub, Numbers.u; rewrite bpow_plus; ring).
rewrite E. assert (B : 0 < bpow radix2 (k - p)) by apply bpow_gt_0.
destruct (Req_dec x 0) as [->|N]; [rewrite fl_wide, Rminus_0_r, Rabs_R0 by apply wide_0; lra|].
destruct H as [H|H].
- eapply Rle_trans; [apply error_le_half_ulp; typeclasses eauto|]. rewrite ulp_neq_0 by exact N. apply Rmult_le_compat_l; [lra|]. apply bpow_le.
  unfold cexp, FLX_exp. assert (mag radix2 x <= k)%Z by now apply mag_le_bpow. lia.
- rewrite fl_wide, Rminus_diag_eq, Rabs_R0; [lra|reflexivity|].
  destruct (Rcase_abs x) as [C|C]; [rewrite Rabs_left in H by exact C; replace x with (- bpow radix2 k) by lra; apply wide_opp, wide_bpow|].
  rewrite Rabs_right in H by exact C. rewrite H. apply wide_bpow.
Qed.

(** A rounded number does not exceed a number that x does not. *)
Lemma wide_at_most x y : wide p y -> Rabs x <= y -> Rabs (fl x) <= y.
Proof. intros. apply abs_round_le_generic; typeclasses eauto || assumption. Qed.

Lemma wide_at_least x y : wide p y -> y <= Rabs x -> y <= Rabs (fl x).
Proof. intros. apply abs_round_ge_generic; typeclasses eauto || assumption. Qed.

(** Multiples of 2^g up to 2^(p + g) are numbers. *)
Lemma wide_of_grid g x : grid g x -> Rabs x <= bpow radix2 (p + g) -> wide p x.
Proof. intros. apply generic_format_FLX_FLT with g. now apply (grid_exact p g g); [lia| |]. Qed.

(** Numbers not below 2^k are multiples of 2^(k + 1 - p), and so are rounded ones. *)
Lemma grid_of_wide k x : wide p x -> bpow radix2 k <= Rabs x -> grid (k + 1 - p) x.
Proof.
intros F H. apply (grid_finer (cexp radix2 (FLX_exp p) x)).
- unfold cexp, FLX_exp. assert (k + 1 <= mag radix2 x)%Z by (apply mag_ge_bpow; now replace (k + 1 - 1)%Z with k by ring). lia.
- apply grid_is_multiples. exists (Ztrunc (scaled_mantissa radix2 (FLX_exp p) x)). exact F.
Qed.

(** A number of F(p, emin) is one of all; for sums of them, and wherever else the format loses no bits below 2^emin, it rounds as if exponents had no bounds. *)
Lemma format_is_wide emin x : format p emin x -> wide p x.
Proof. apply generic_format_FLX_FLT. Qed.

Theorem unbounded emin x : nearest_even p emin x = x \/ bpow radix2 (emin + p - 1) <= Rabs x -> nearest_even p emin x = fl x.
Proof.
intros [E|N].
- rewrite E, fl_wide; [reflexivity|]. rewrite <- E. apply (format_is_wide emin), generic_format_round; typeclasses eauto.
- now apply round_FLT_FLX.
Qed.

Theorem unbounded_sum emin x y : format p emin x -> format p emin y -> nearest_even p emin (x + y) = fl (x + y).
Proof.
intros Fx Fy. apply unbounded. destruct (Rle_or_lt (bpow radix2 (emin + p - 1)) (Rabs (x + y))) as [H|H]; [now right|left].
apply round_generic; [typeclasses eauto|]. apply generic_format_FLT_FIX; auto.
- apply Rlt_le. eapply Rlt_le_trans; [exact H|apply bpow_le; lia].
- apply grid_plus; now apply (format_on_grid p).
Qed.

Lemma unbounded_difference emin x y : format p emin x -> format p emin y -> nearest_even p emin (x - y) = fl (x - y).
Proof. intros Fx Fy. apply unbounded_sum; [exact Fx|now apply generic_format_opp]. Qed.

(** Every two numbers are in some format. *)
Lemma common_format x y : wide p x -> wide p y -> exists emin, (emin <= 0)%Z /\ format p emin x /\ format p emin y.
Proof.
intros Fx Fy. set (e := Z.min 0 (Z.min (mag radix2 x - p) (mag radix2 y - p))). exists e.
assert (H : forall z, wide p z -> (e <= mag radix2 z - p)%Z -> format p e z).
{ intros z Fz Hz. destruct (Req_dec z 0) as [->|N]; [apply generic_format_0|]. apply generic_format_FLT_FLX; [|exact Fz].
  apply Rle_trans with (bpow radix2 (mag radix2 z - 1)); [apply bpow_le; lia|now apply bpow_mag_le]. }
split; [unfold e; lia|]. split; apply H; auto; unfold e; lia.
Qed.

Lemma sum_in_format emin x y : format p emin x -> format p emin y -> format p emin (fl (x + y)).
Proof. intros Fx Fy. rewrite <- (unbounded_sum emin) by assumption. apply generic_format_round; typeclasses eauto. Qed.

Lemma difference_in_format emin x y : format p emin x -> format p emin y -> format p emin (fl (x - y)).
Proof. intros Fx Fy. apply sum_in_format; [exact Fx|now apply generic_format_opp]. Qed.

(** 2Sum, Fast2Sum for |y| <= |x|, and the product: the second number is the error of the first. *)
Theorem two_sum_exact x y : wide p x -> wide p y -> two_sum_of fl x y = (fl (x + y), x + y - fl (x + y)).
Proof.
intros Fx Fy. destruct (common_format x y Fx Fy) as (e & He & Gx & Gy). unfold two_sum_of. cbv zeta. f_equal.
assert (Gs := sum_in_format e x y Gx Gy). assert (Gy' := difference_in_format e _ _ Gs Gx). assert (Gx' := difference_in_format e _ _ Gs Gy').
assert (Ga := difference_in_format e _ _ Gx Gx'). assert (Gb := difference_in_format e _ _ Gy Gy').
generalize (two_sum p e Hp1 He _ x y even_is_symmetric Gx Gy). cbv zeta.
rewrite (unbounded_sum e x y) by assumption. rewrite (unbounded_difference e _ x) by assumption. rewrite (unbounded_difference e (fl (x + y)) _) by assumption.
rewrite (unbounded_difference e x _), (unbounded_difference e y _), (unbounded_sum e (fl _) _) by assumption. lra.
Qed.

Theorem fast_two_sum_exact x y : wide p x -> wide p y -> Rabs y <= Rabs x -> fast_two_sum_of fl x y = (fl (x + y), x + y - fl (x + y)).
Proof.
intros Fx Fy H. destruct (common_format x y Fx Fy) as (e & He & Gx & Gy). unfold fast_two_sum_of. cbv zeta. f_equal.
assert (Gs := sum_in_format e x y Gx Gy). assert (Gz := difference_in_format e _ _ Gs Gx).
generalize (fast2sum p e Hp1 He x y Gx Gy H). cbv zeta.
rewrite (unbounded_sum e x y) by assumption. rewrite (unbounded_difference e _ x) by assumption. rewrite (unbounded_difference e y _) by assumption. lra.
Qed.

Theorem two_product_exact x y : wide p x -> wide p y -> two_product_of fl x y = (fl (x * y), x * y - fl (x * y)).
Proof.
intros Fx Fy. unfold two_product_of. cbv zeta. f_equal. apply fl_wide.
replace (x * y - fl (x * y)) with (- (fl (x * y) - x * y)) by ring. apply wide_opp, mult_error_FLX; assumption || typeclasses eauto.
Qed.

(** Different multiples of 2^g are 2^g apart. *)
Lemma grid_gap g x y : grid g x -> grid g y -> x < y -> x + bpow radix2 g <= y.
Proof.
rewrite !grid_is_multiples. intros [m ->] [n ->] H. assert (B : 0 < bpow radix2 g) by apply bpow_gt_0.
assert (L : (m + 1 <= n)%Z) by (apply Rmult_lt_reg_r, lt_IZR in H; [lia|exact B]). apply IZR_le in L. rewrite plus_IZR in L. nra.
Qed.

Lemma u_times k : bpow radix2 (k + 1 - p) = 2 * (u * bpow radix2 k).
Proof. unfold Numbers.u. change 2 with (bpow radix2 1). rewrite <- !bpow_plus. f_equal. ring. Qed.

Lemma wide_abs x : wide p x -> wide p (Rabs x).
Proof. apply generic_format_abs. Qed.

(** A number and the power of two a below it. *)
Lemma leading x : wide p x -> x <> 0 -> exists k, let a := bpow radix2 k in
  a <= Rabs x <= 2 * a - 2 * u * a /\ (Rabs x = a \/ a + 2 * u * a <= Rabs x) /\ ulp radix2 (FLX_exp p) x = 2 * (u * a).
Proof.
intros F N. exists (mag radix2 x - 1)%Z. set (k := (mag radix2 x - 1)%Z). cbv zeta. rewrite !Rmult_assoc, <- !u_times.
assert (L : bpow radix2 k <= Rabs x) by (apply bpow_mag_le; exact N).
assert (G : grid (k + 1 - p) (Rabs x)) by (apply grid_of_wide; [now apply wide_abs|now rewrite Rabs_Rabsolu]).
assert (Ga : grid (k + 1 - p) (bpow radix2 k)) by (apply grid_of_wide; [apply wide_bpow|rewrite Rabs_pos_eq; [lra|apply bpow_ge_0]]).
assert (D := twice_bpow k).
assert (H : Rabs x < bpow radix2 (k + 1)) by (unfold k; replace (mag radix2 x - 1 + 1)%Z with (mag radix2 x : Z) by ring; apply bpow_mag_gt).
split; [split; [exact L|]|split].
- assert (Rabs x + bpow radix2 (k + 1 - p) <= bpow radix2 (k + 1)); [|lra]. apply grid_gap; [exact G| |exact H]. rewrite <- D.
  replace (2 * bpow radix2 k) with (bpow radix2 k + bpow radix2 k) by ring. now apply grid_plus.
- destruct (Rle_lt_or_eq_dec _ _ L) as [L'|L']; [right; now apply grid_gap|now left].
- rewrite ulp_neq_0 by exact N. f_equal. unfold cexp, FLX_exp, k. ring.
Qed.

(** The low word is at most u times the power of two a below the high word; where it points from a itself to zero it is half as small. *)
Theorem low_word x : double_word p x -> fst x <> 0 -> exists k, let a := bpow radix2 k in
  a <= Rabs (fst x) <= 2 * a - 2 * u * a /\ (Rabs (fst x) = a \/ a + 2 * u * a <= Rabs (fst x)) /\ Rabs (snd x) <= u * a /\ a - u * a / 2 <= Rabs (value x).
Proof.
intros (Fh & Fl & E) N. destruct (leading (fst x) Fh N) as (k & B & C & U). exists k. cbv zeta. set (a := bpow radix2 k) in *.
assert (u0 : 0 < u) by apply u_pos. assert (a0 : 0 < a) by apply bpow_gt_0. assert (0 < u * a) by now apply Rmult_lt_0_compat.
assert (S : Rabs (snd x) <= u * a).
{ replace (snd x) with (- (fl (value x) - value x)) by (rewrite E; unfold value; ring). rewrite Rabs_Ropp.
  eapply Rle_trans; [apply error_le_half_ulp_round; typeclasses eauto|]. rewrite E, U. lra. }
split; [exact B|]. split; [exact C|]. split; [exact S|].
destruct C as [C|C]; [|unfold value; by_signs].
destruct (Rle_or_lt a (Rabs (value x))) as [Q|Q]; [lra|].
apply Rlt_le, (wide_error_below k) in Q. rewrite E in Q. fold a in Q. by_signs.
Qed.

Lemma high_word_0 x : double_word p x -> fst x = 0 -> snd x = 0.
Proof. intros (_ & Fl & E) H. unfold value in E. rewrite H, Rplus_0_l, fl_wide in E by exact Fl. exact E. Qed.

Lemma sum_error_is_wide x y : wide p x -> wide p y -> wide p (x + y - fl (x + y)).
Proof.
intros Fx Fy. replace (x + y - fl (x + y)) with (- (fl (x + y) - (x + y))) by ring. apply wide_opp. apply plus_error; assumption || typeclasses eauto.
Qed.

(** Fast2Sum makes h + l a double word. *)
Lemma normalised h l : wide p h -> wide p l -> h = 0 \/ Rabs l <= Rabs h ->
  double_word p (fast_two_sum_of fl h l) /\ value (fast_two_sum_of fl h l) = h + l.
Proof.
intros Fh Fl H. assert (E : fast_two_sum_of fl h l = (fl (h + l), h + l - fl (h + l))).
{ destruct H as [->|H]; [|now apply fast_two_sum_exact].
  unfold fast_two_sum_of. cbv zeta. rewrite Rplus_0_l, Rminus_0_r, !(fl_wide l) by exact Fl.
  rewrite Rminus_diag_eq by reflexivity. now rewrite fl_wide by apply wide_0. }
rewrite E. unfold double_word, value. simpl. replace (fl (h + l) + (h + l - fl (h + l))) with (h + l) by ring.
repeat split; [apply wide_fl|now apply sum_error_is_wide].
Qed.

(** The sum of two numbers that is not a number is at least twice as large as one of the powers of two below them. *)
Lemma inexact_sum_is_large k k' x y : wide p x -> wide p y -> bpow radix2 k <= Rabs x -> bpow radix2 k' <= Rabs y ->
  wide p (x + y) \/ bpow radix2 (Z.min k k' + 1) <= Rabs (x + y).
Proof.
intros Fx Fy Hx Hy. destruct (Rle_or_lt (bpow radix2 (Z.min k k' + 1)) (Rabs (x + y))) as [H|H]; [now right|left].
apply (wide_of_grid (Z.min k k' + 1 - p)); [|apply Rlt_le; now replace (p + (Z.min k k' + 1 - p))%Z with (Z.min k k' + 1)%Z by ring].
apply grid_plus; [apply (grid_finer (k + 1 - p))|apply (grid_finer (k' + 1 - p))]; try lia; now apply grid_of_wide.
Qed.

(** Likewise in terms of what they are small against. *)
Lemma low_word_relative x : double_word p x -> Rabs (snd x) <= u * Rabs (fst x).
Proof.
intros D. destruct (Req_dec (fst x) 0) as [H|H].
- rewrite H, (high_word_0 x D H), !Rabs_R0. lra.
- destruct (low_word x D H) as (k & [B _] & _ & L & _). apply Rle_trans with (1 := L). apply Rmult_le_compat_l; [apply Rlt_le, u_pos|exact B].
Qed.

Lemma high_word_relative x : double_word p x -> Rabs (snd x) <= u / (1 + u) * Rabs (value x).
Proof.
intros (_ & _ & E). replace (snd x) with (- (fl (value x) - value x)) by (rewrite E; unfold value; ring). rewrite Rabs_Ropp. apply wide_error.
Qed.

(** v = u/(1 + u). *)
Lemma v_small : 0 < u / (1 + u) <= / 5 /\ u / (1 + u) < u /\ u / (1 + u) * (1 + u) = u.
Proof.
assert (u0 := u_pos p). assert (u4 := u_le_quarter). assert (E : u / (1 + u) * (1 + u) = u) by (field; lra).
assert (0 < u / (1 + u)) by (apply Rdiv_lt_0_compat; lra). assert (u / (1 + u) < u) by nra. repeat split; nra.
Qed.

(** Where x is at most a power of two c, its error is at most u c/2, and its rounded value at most c. *)
Lemma below c x : (exists j, bpow radix2 j = c) -> Rabs x <= c -> Rabs (fl x - x) <= u * c / 2 /\ Rabs (fl x) <= c.
Proof.
intros (j & <-) H. split; [now apply wide_error_below|]. apply wide_at_most; [apply wide_bpow|exact H].
Qed.

(** Of a power of two M these are others. *)
Lemma powers_of_two K (M := bpow radix2 K) :
  bpow radix2 (K + 1) = 2 * M /\ bpow radix2 (K + 2) = 4 * M /\ bpow radix2 (K - p) = u * M /\ bpow radix2 (K + 1 - p) = 2 * (u * M)
  /\ bpow radix2 (K + 2 - p) = 4 * (u * M) /\ bpow radix2 (K + 3 - p) = 8 * (u * M).
Proof.
assert (U : bpow radix2 (K - p) = u * M) by (unfold Numbers.u, M, Z.sub; rewrite bpow_plus; ring).
assert (T : forall j c, bpow radix2 j = c -> bpow radix2 (j + 1) = 2 * c) by (intros j c <-; symmetry; apply twice_bpow).
assert (A := T K M eq_refl). assert (B := T _ _ A). assert (C := T _ _ U). assert (D := T _ _ C). assert (E := T _ _ D).
replace (K + 1 - p)%Z with (K - p + 1)%Z by ring. replace (K + 2 - p)%Z with (K - p + 1 + 1)%Z by ring.
replace (K + 3 - p)%Z with (K - p + 1 + 1 + 1)%Z by ring. replace (K + 2)%Z with (K + 1 + 1)%Z by ring. repeat split; lra.
Qed.

(** What ends a proof: the words t and w are added exactly, and what the sum errs by is small against the product. *)
Lemma finish t w r d B : wide p t -> wide p w -> t = 0 \/ Rabs w <= Rabs t -> t + w - r = d -> Rabs d <= B ->
  double_word p (fast_two_sum_of fl t w) /\ Rabs (value (fast_two_sum_of fl t w) - r) <= B.
Proof. intros Ft Fw C <- H. destruct (normalised t w Ft Fw C) as [D ->]. now split. Qed.

Lemma fl_0 : fl 0 = 0.
Proof. apply fl_wide, wide_0. Qed.

Lemma fast_two_sum_0 : fast_two_sum_of fl 0 0 = (0, 0).
Proof. unfold fast_two_sum_of. rewrite Rplus_0_r, fl_0, Rminus_0_r, fl_0, Rminus_0_r, fl_0. reflexivity. Qed.

Lemma double_word_0 : double_word p (0, 0).
Proof. unfold double_word, value. simpl. rewrite Rplus_0_r, fl_0. repeat split; apply wide_0. Qed.

Lemma wide_times_bpow k x : wide p x -> wide p (x * bpow radix2 k).
Proof. now apply mult_bpow_exact_FLX. Qed.

(** Three times a power of two is a number. *)
Lemma wide_3 k : wide p (3 * bpow radix2 k).
Proof.
apply (wide_of_grid k).
- apply grid_is_multiples. now exists 3%Z.
- rewrite Rabs_pos_eq by (generalize (bpow_ge_0 radix2 k); lra). apply Rle_trans with (bpow radix2 (k + 2)); [|apply bpow_le; lia].
  generalize (twice_bpow k) (twice_bpow (k + 1)). replace (k + 1 + 1)%Z with (k + 2)%Z by ring. generalize (bpow_ge_0 radix2 k). lra.
Qed.
End DoubleWord.
