(* SPDX-License-Identifier: Apache-2.0 *)
(** Products of double words: the algorithms (10, 11 and 12 of Joldes, Muller and Popescu 2017), and what their proofs have in common, the sizes of
    partial products. *)
From Fmtlab Require Import Numbers Sums DoubleWord.

Section Products.
Variable p : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Notation fl := (wide_nearest p).
Notation u := (u p).

Definition times_1 x y := let c := two_product_of fl (fst x) (fst y) in
  fast_two_sum_of fl (fst c) (fl (snd c + fl (fl (fst x * snd y) + fl (snd x * fst y)))).
Definition times_2 x y := let c := two_product_of fl (fst x) (fst y) in
  fast_two_sum_of fl (fst c) (fl (snd c + fl (snd x * fst y + fl (fst x * snd y)))).
Definition times_3 x y := let c := two_product_of fl (fst x) (fst y) in
  fast_two_sum_of fl (fst c) (fl (snd c + fl (snd x * fst y + fl (fst x * snd y + fl (snd x * snd y))))).

(** A factor (h, l) and the power of two a = 2^k below h. *)
Record factor (x : R * R) (k : Z) : Prop := {
  high_wide : wide p (fst x);
  low_wide : wide p (snd x);
  high_least : bpow radix2 k <= Rabs (fst x);
  high_most : Rabs (fst x) <= 2 * bpow radix2 k - 2 * u * bpow radix2 k;
  low_most : Rabs (snd x) <= u * bpow radix2 k;
  least : bpow radix2 k - u * bpow radix2 k / 2 <= Rabs (value x);
  power_or_not : Rabs (fst x) = bpow radix2 k \/ bpow radix2 k + u * bpow radix2 k <= Rabs (value x) }.

Lemma factor_of x : double_word p x -> fst x <> 0 -> exists k, factor x k.
Proof.
intros D N. destruct (low_word p x D N) as (k & [A B] & C & L & X). destruct D as (F & G & _). exists k. split; auto.
destruct C as [C|C]; [now left|right]. generalize (abs_minus (fst x) (snd x)). unfold value. lra.
Qed.

(** The sizes of the four partial products and of the product, in terms of M = a b, P = |h| b, and Q = |h'| a. *)
Section Sizes.
Variables (x y : R * R) (k k' : Z).
Hypotheses (Fx : factor x k) (Fy : factor y k').
Let a := bpow radix2 k.
Let b := bpow radix2 k'.
Let M := bpow radix2 (k + k').
Let P := Rabs (fst x) * b.
Let Q := Rabs (fst y) * a.
Let H := Rabs (fst x * fst y).
Let X := Rabs (value x * value y).

Lemma sizes : M = a * b /\ 0 < M /\ M <= P <= 2 * M - 2 * (u * M) /\ M <= Q <= 2 * M - 2 * (u * M)
  /\ M <= H <= 4 * M - 8 * (u * M) + 4 * (u * (u * M)) /\ P + Q <= M + H
  /\ Rabs (fst x * snd y) <= u * P /\ Rabs (snd x * fst y) <= u * Q /\ Rabs (snd x * snd y) <= u * (u * M)
  /\ M - u * M <= X /\ H - u * (P + Q) + u * (u * M) <= X.
Proof.
assert (a0 : 0 < a) by apply bpow_gt_0. assert (b0 : 0 < b) by apply bpow_gt_0. assert (EM : M = a * b) by apply bpow_plus.
assert (M0 : 0 < M) by apply bpow_gt_0. assert (u0 := u_pos p). assert (u4 := u_le_quarter p Hp1).
destruct Fx as [_ _ A1 A2 A3 A4 _], Fy as [_ _ B1 B2 B3 B4 _]. fold a in A1, A2, A3, A4. fold b in B1, B2, B3, B4.
set (h := Rabs (fst x)) in *. set (h' := Rabs (fst y)) in *.
assert (ua : u * a <= / 4 * a) by (apply Rmult_le_compat_r; lra). assert (ub : u * b <= / 4 * b) by (apply Rmult_le_compat_r; lra).
assert (EH : H = h * h') by apply Rabs_mult.
assert (HP1 : M <= P) by (rewrite EM; apply Rmult_le_compat_r; lra). assert (HQ1 : M <= Q) by (rewrite EM, Rmult_comm; apply Rmult_le_compat_r; lra).
assert (HP2 : P <= 2 * M - 2 * (u * M)).
{ apply Rle_trans with ((2 * a - 2 * u * a) * b); [apply Rmult_le_compat_r; lra|rewrite EM; right; ring]. }
assert (HQ2 : Q <= 2 * M - 2 * (u * M)).
{ apply Rle_trans with ((2 * b - 2 * u * b) * a); [apply Rmult_le_compat_r; lra|rewrite EM; right; ring]. }
assert (X1 : (h - u * a) * (h' - u * b) <= X).
{ unfold X. rewrite Rabs_mult. apply Rmult_le_compat; try lra.
  - apply Rle_trans with (2 := abs_minus _ _). fold h. lra.
  - apply Rle_trans with (2 := abs_minus _ _). fold h'. lra. }
split; [exact EM|]. split; [exact M0|]. split; [now split|]. split; [now split|]. split; [split|split; [|split; [|split; [|split; [|split]]]]].
- rewrite EH, EM. apply Rmult_le_compat; lra.
- rewrite EH, EM. apply Rle_trans with ((2 * a - 2 * u * a) * (2 * b - 2 * u * b)); [apply Rmult_le_compat; lra|right; ring].
- rewrite EH, EM. assert (0 <= (h - a) * (h' - b)) by (apply Rmult_le_pos; lra). unfold P, Q. fold h h'. lra.
- rewrite Rabs_mult. fold h. apply Rle_trans with (h * (u * b)); [apply Rmult_le_compat_l; lra|unfold P; fold h; right; ring].
- rewrite Rabs_mult. fold h'. apply Rle_trans with (u * a * h'); [apply Rmult_le_compat_r; lra|unfold Q; fold h'; right; ring].
- rewrite Rabs_mult, EM. apply Rle_trans with (u * a * (u * b)); [apply Rmult_le_compat; lra || apply Rabs_pos|right; ring].
- unfold X. rewrite Rabs_mult. apply Rle_trans with ((a - u * a / 2) * (b - u * b / 2)); [|apply Rmult_le_compat; lra].
  rewrite EM. assert (0 <= u * a * (u * b)) by (repeat apply Rmult_le_pos; lra). lra.
- apply Rle_trans with (2 := X1). rewrite EH, EM. unfold P, Q. fold h h'. right. ring.
Qed.

(** Where neither high word is a power of two, and where one is and the other not. *)
Lemma product_least s t : 0 <= s -> 0 <= t -> s * a <= Rabs (value x) -> t * b <= Rabs (value y) -> s * t * M <= X.
Proof.
intros Hs Ht A B. unfold X, M. rewrite Rabs_mult, bpow_plus. fold a b. replace (s * t * (a * b)) with (s * a * (t * b)) by ring.
apply Rmult_le_compat; try assumption; apply Rmult_le_pos; assumption || apply bpow_ge_0.
Qed.

(** The rounded product and its error. *)
Lemma product_error (c := fl (fst x * fst y)) (e := fst x * fst y - c) : M <= Rabs c /\ (2 * M <= H -> 2 * M <= Rabs c)
  /\ Rabs e <= 2 * (u * M) /\ (H < 2 * M -> Rabs e <= u * M) /\ grid (k + k' + 2 - p - p) e.
Proof.
destruct sizes as (_ & M0 & _ & _ & (H1 & H2) & _). destruct (powers_of_two p (k + k')) as (B1 & B2 & _). fold M in B1, B2.
assert (u0 := u_pos p). assert (u4 := u_le_quarter p Hp1). assert (uM : 0 < u * M) by now apply Rmult_lt_0_compat.
assert (uuM : u * (u * M) <= / 4 * (u * M)) by (apply Rmult_le_compat_r; lra). assert (Hc : M <= Rabs c) by (apply wide_at_least; [exact Hp|now apply wide_bpow|exact H1]).
split; [exact Hc|]. split; [intros I; unfold c; rewrite <- B1; apply wide_at_least; [exact Hp|now apply wide_bpow|now rewrite B1]|].
unfold e. rewrite (Rabs_minus_sym (fst x * fst y)). split; [|split].
- destruct (below p (4 * M) (fst x * fst y) (ex_intro _ _ B2)) as (E & _); [fold H; lra|fold c in E; lra].
- intros I. destruct (below p (2 * M) (fst x * fst y) (ex_intro _ _ B1)) as (E & _); [fold H; lra|fold c in E; lra].
- destruct Fx as [F1 _ A _ _ _ _], Fy as [G1 _ B _ _ _ _]. unfold Rminus. apply grid_plus; [|apply grid_opp].
  + apply (grid_mult (k + 1 - p) (k' + 1 - p)); [lia|now apply grid_of_wide|now apply grid_of_wide].
  + apply (grid_finer (k + k' + 1 - p)); [unfold Prec_gt_0 in Hp; lia|]. apply grid_of_wide; [exact (wide_fl p _)|exact Hc].
Qed.

(** The last sum is exact if what is added to e is 2 u M at least, and at most 3 u M. *)
Lemma last_sum_exact (e := fst x * fst y - fl (fst x * fst y)) m : H < 2 * M -> wide p m -> 2 * (u * M) <= Rabs m <= 3 * (u * M) -> fl (e + m) = e + m.
Proof.
intros I Fm (L1 & L2). destruct product_error as (_ & _ & _ & He & Ge). fold e in He, Ge. specialize (He I).
destruct (powers_of_two p (k + k')) as (_ & _ & _ & B2u & B4u & _). fold M in B2u, B4u. apply fl_wide, (wide_of_grid p (k + k' + 2 - p - p)).
- apply grid_plus; [exact Ge|]. replace (k + k' + 2 - p - p)%Z with (k + k' + 1 - p + 1 - p)%Z by ring. apply grid_of_wide; [exact Fm|now rewrite B2u].
- replace (p + (k + k' + 2 - p - p))%Z with (k + k' + 2 - p)%Z by ring. rewrite B4u. generalize (Rabs_triang e m). lra.
Qed.
End Sizes.

Lemma zero_word x : double_word p x -> fst x = 0 -> x = (0, 0).
Proof. intros D Z. generalize (high_word_0 p x D Z). destruct x as [h l]. cbn [fst snd] in *. now intros ->; rewrite Z. Qed.

Ltac zeros := repeat rewrite ?Rmult_0_l, ?Rmult_0_r, ?(fl_0 p), ?Rplus_0_r, ?Rminus_0_r, ?(fast_two_sum_0 p).

(** All three at zero. *)
Lemma times_0 x y C : 0 <= C -> double_word p x -> double_word p y -> fst x = 0 \/ fst y = 0 ->
  forall z, z = times_1 x y \/ z = times_2 x y \/ z = times_3 x y -> double_word p z /\ Rabs (value z - value x * value y) <= C * Rabs (value x * value y).
Proof.
intros HC Dx Dy N z Hz. assert (V : value (0, 0) = 0) by (unfold value; cbn; ring).
assert (z = (0, 0) /\ value x * value y = 0) as [-> ->].
{ unfold times_1, times_2, times_3, two_product_of in Hz.
  destruct N as [N|N]; [rewrite (zero_word x Dx N) in *|rewrite (zero_word y Dy N) in *]; cbn [fst snd] in Hz; revert Hz; zeros; rewrite V; zeros; tauto. }
rewrite V, Rminus_0_r, Rabs_R0, Rmult_0_r. split; [apply double_word_0|lra].
Qed.

(** To what Fast2Sum adds last. *)
Lemma low_enough M c w : 0 < M -> 2 * M <= Rabs c \/ M <= Rabs c /\ Rabs w <= 4 * (u * M) -> Rabs w <= 8 * (u * M) -> c = 0 \/ Rabs w <= Rabs c.
Proof.
intros M0 H W. assert (u4 := u_le_quarter p Hp1). assert (u * M <= / 4 * M) by (apply Rmult_le_compat_r; lra). right. lra.
Qed.

(** Where a high word is a power of two and the low word does not point to zero, the value is no smaller. *)
Lemma half_or_whole x k : factor x k -> Rabs (fst x) = bpow radix2 k -> Rabs (snd x) <= u * bpow radix2 k / 2 \/ bpow radix2 k <= Rabs (value x).
Proof.
intros F N. assert (L := least x k F). set (a := bpow radix2 k) in *. destruct (Rle_or_lt (Rabs (snd x)) (u * a / 2)) as [I|I]; [now left|right].
assert (u4 := u_le_quarter p Hp1). assert (u0 := u_pos p). assert (a0 : 0 < a) by apply bpow_gt_0. assert (u * a <= / 4 * a) by (apply Rmult_le_compat_r; lra).
assert (0 < u * a) by (apply Rmult_lt_0_compat; lra). assert (A := low_most x k F). fold a in A. unfold value in *. destruct (abs_plus_cases (fst x) (snd x)) as [E|E]; [lra|].
rewrite N, (Rabs_pos_eq (a - Rabs (snd x))) in E by lra. lra.
Qed.

(** A number times one whose magnitude is a power of two is a number. *)
Lemma times_power_wide x y k : Rabs x = bpow radix2 k -> wide p y -> wide p (x * y).
Proof.
intros N F. assert (x = bpow radix2 k \/ x = - bpow radix2 k) as [-> | ->] by (clear - N; unfold Rabs in N; destruct Rcase_abs; lra).
- rewrite Rmult_comm. now apply wide_times_bpow.
- rewrite <- Ropp_mult_distr_l, Rmult_comm. now apply wide_opp, wide_times_bpow.
Qed.

(** A rounded product below a power of two is of a product that does not exceed it. *)
Lemma below_rounded c x : (exists j, bpow radix2 j = c) -> Rabs (fl x) < c -> Rabs x <= c.
Proof. intros (j & <-) I. apply Rnot_lt_le. intros N. apply (Rlt_not_le _ _ I), wide_at_least; [exact Hp|now apply wide_bpow|lra]. Qed.

(** What the constants come to. *)
Definition errs_at_most times C := forall x y, double_word p x -> double_word p y ->
  double_word p (times x y) /\ Rabs (value (times x y) - value x * value y) <= C * u ^ 2 * Rabs (value x * value y).

Lemma u_at_most k : (k <= p)%Z -> u <= bpow radix2 (- k).
Proof. intros H. apply bpow_le. lia. Qed.

Lemma least_product d C q : u <= q <= / 4 -> 0 <= C -> d <= C * (2 - 3 * q + q ^ 2) -> d <= C * (2 - 3 * u + u ^ 2).
Proof. assert (u0 := u_pos p). intros Hq HC Hd. apply Rle_trans with (1 := Hd), Rmult_le_compat_l; [exact HC|nra]. Qed.
End Products.

(** Names for all that a proof begins with: the factors are not zero, and sizes are in terms of M. *)
Ltac prepare p Hp1 x y k k' c c0 Dx Dy M P Q H X :=
  assert (u0 := u_pos p); assert (u4 := u_le_quarter p Hp1); assert (Cu : 0 <= c * u p ^ 2) by (apply Rmult_le_pos; [lra|apply pow_le; lra]);
  destruct (Req_dec (fst x) 0) as [Zx|Zx]; [apply times_0; tauto|]; destruct (Req_dec (fst y) 0) as [Zy|Zy]; [apply times_0; tauto|];
  destruct (factor_of p x Dx Zx) as (k & Fx); destruct (factor_of p y Dy Zy) as (k' & Fy);
  destruct (sizes p Hp1 x y k k' Fx Fy) as (EM & M0 & HP & HQ & HH & HPQ & Hhl & Hlh & Hll & X1 & X2);
  destruct (product_error p Hp1 x y k k' Fx Fy) as (Hc & Hc2 & He2 & He1 & Ge); destruct (powers_of_two p (k + k')) as (_ & _ & Bu & B2u & B4u & B8u);
  unfold times_1, times_2, times_3; rewrite two_product_exact by (typeclasses eauto || apply Fx || apply Fy); cbn [fst snd];
  set (c0 := wide_nearest p (fst x * fst y)) in *; set (M := bpow radix2 (k + k')) in *;
  set (P := Rabs (fst x) * bpow radix2 k') in *; set (Q := Rabs (fst y) * bpow radix2 k) in *; set (H := Rabs (fst x * fst y)) in *;
  set (X := Rabs (value x * value y)) in *; assert (uM : 0 < u p * M) by (apply Rmult_lt_0_compat; lra);
  assert (uP : u p * P <= u p * (2 * M - 2 * (u p * M))) by (apply Rmult_le_compat_l; lra);
  assert (uQ : u p * Q <= u p * (2 * M - 2 * (u p * M))) by (apply Rmult_le_compat_l; lra);
  assert (uPQ : u p * (P + Q) <= u p * (M + H)) by (apply Rmult_le_compat_l; lra); assert (uuM : 0 < u p * (u p * M)) by (apply Rmult_lt_0_compat; lra).
