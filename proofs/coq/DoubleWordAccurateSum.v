(* SPDX-License-Identifier: Apache-2.0 *)
(** The sum of double words of any signs: error at most 3 u^2/(1 - 5/2 u) for p > 2. Bound dw.accuratedwplusdw. Algorithm 6 of Joldes, Muller and
    Popescu (2017), whose bound is 3 u^2/(1 - 4 u). *)
From Fmtlab Require Import Numbers Sums DoubleWord.

Section AccurateSum.
Variable p : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp2 : (2 < p)%Z.
Notation fl := (wide_nearest p).
Notation u := (u p).

Definition accurate_plus x y := let s := two_sum_of fl (fst x) (fst y) in let t := two_sum_of fl (snd x) (snd y) in
  let r := fast_two_sum_of fl (fst s) (fl (snd s + fst t)) in fast_two_sum_of fl (fst r) (fl (snd t + snd r)).

(** Fast2Sum is exact also where |x| < |y|, if both have the same leading bit. *)
Lemma fast_two_sum_exponents k x y : wide p x -> wide p y -> bpow radix2 k <= Rabs x -> Rabs y < bpow radix2 (k + 1) ->
  fast_two_sum_of fl x y = (fl (x + y), x + y - fl (x + y)).
Proof.
intros Fx Fy Hx Hy. assert (H1 : (1 < p)%Z) by lia. destruct (Rle_or_lt (Rabs y) (Rabs x)) as [L|L]; [now apply fast_two_sum_exact|].
unfold fast_two_sum_of. cbv zeta. f_equal. assert (Hy' : bpow radix2 k <= Rabs y) by lra.
destruct (inexact_sum_is_large p k k x y Fx Fy Hx Hy') as [W|W].
- rewrite (fl_wide p (x + y) W). replace (x + y - x) with y by ring. rewrite (fl_wide p y Fy). replace (y - y) with 0 by ring. rewrite fl_0. ring.
- rewrite Z.min_id in W. destruct (powers_of_two p k) as (B1 & B2 & _ & B2u & _). set (g := bpow radix2 k) in *. assert (g0 : 0 < g) by apply bpow_gt_0.
  assert (Gy : grid (k + 1 - p) (Rabs y)) by (apply generic_format_abs, grid_of_wide; assumption).
  assert (Gg : grid (k + 1 - p) (bpow radix2 (k + 1))) by (apply (grid_finer (k + 1)); [lia|apply grid_is_multiples; exists 1%Z; ring]).
  assert (Y := grid_gap _ _ _ Gy Gg Hy). rewrite B1, B2u in Y. rewrite B1 in *.
  destruct (below p (4 * g) (x + y) (ex_intro _ _ B2) ltac:(generalize (Rabs_triang x y); lra)) as (E & _). set (s := fl (x + y)) in *.
  assert (Z : fl (s - x) = s - x).
  { apply fl_wide, (wide_of_grid p (k + 1 - p)).
    - apply grid_plus; [|apply grid_opp, grid_of_wide; assumption]. apply (grid_finer (k + 1 + 1 - p)); [lia|]. apply grid_of_wide; [exact (wide_fl p _)|].
      unfold s. rewrite B1. apply wide_at_least; [exact Hp|rewrite <- B1; now apply wide_bpow|exact W].
    - replace (p + (k + 1 - p))%Z with (k + 1)%Z by ring. rewrite B1. replace (s - x) with (y + (s - (x + y))) by ring. generalize (Rabs_triang y (s - (x + y))). lra. }
  rewrite Z. replace (y - (s - x)) with (x + y - s) by ring. apply fl_wide. now apply sum_error_is_wide.
Qed.

Lemma fast_two_sum_zero t : wide p t -> fast_two_sum_of fl 0 t = (t, 0).
Proof. intros F. unfold fast_two_sum_of. cbv zeta. rewrite Rplus_0_l, (fl_wide p t F), Rminus_0_r, (fl_wide p t F). replace (t - t) with 0 by ring. now rewrite fl_0. Qed.

(** The algorithm, its 2Sums being exact; errors of the sums of high words and of low words are e and f. *)
Definition combined s e t f := let r := fast_two_sum_of fl s (fl (e + t)) in fast_two_sum_of fl (fst r) (fl (f + snd r)).

Lemma accurate_plus_is_combined x y (s := fst x + fst y) (t := snd x + snd y) : double_word p x -> double_word p y ->
  accurate_plus x y = combined (fl s) (s - fl s) (fl t) (t - fl t).
Proof. intros (A & B & _) (C & D & _). unfold accurate_plus. cbv zeta. rewrite !two_sum_exact by (assumption || lia). reflexivity. Qed.

Notation C := (3 * u ^ 2 / (1 - 5 / 2 * u)).
Definition good s t := double_word p (combined (fl s) (s - fl s) (fl t) (t - fl t)) /\
  Rabs (value (combined (fl s) (s - fl s) (fl t) (t - fl t)) - (s + t)) <= C * Rabs (s + t).

Lemma C_pos : 0 < u <= / 8 /\ 3 * u ^ 2 <= C /\ C * (1 - 5 / 2 * u) = 3 * u ^ 2.
Proof.
assert (u0 := u_pos p). assert (u8 : u <= / 8) by (change (/ 8) with (bpow radix2 (-3)); apply bpow_le; lia).
assert (E : C * (1 - 5 / 2 * u) = 3 * u ^ 2) by (field; lra). assert (0 <= u ^ 2) by apply pow2_ge_0.
assert (0 < C) by (apply Rdiv_lt_0_compat; [assert (0 < u ^ 2) by (apply pow_lt; lra); lra|lra]).
split; [lra|split; [|exact E]]. assert (C * (1 - 5 / 2 * u) <= C * 1) by (apply Rmult_le_compat_l; lra). lra.
Qed.

(** Where the sum of the high words is exact. *)
Lemma exact_high_sum s t j : wide p s -> s = 0 \/ bpow radix2 j <= Rabs s /\ Rabs (fl t) < bpow radix2 (j + 1) -> wide p (t - fl t) -> good s t.
Proof.
intros Fs Hst Ff. destruct C_pos as ((u0 & u8) & C3 & _). assert (Hp1 : (1 < p)%Z) by lia. assert (CR : 0 <= C * Rabs (s + t)).
{ apply Rmult_le_pos; [assert (0 <= u ^ 2) by apply pow2_ge_0; lra|apply Rabs_pos]. }
unfold good, combined. rewrite (fl_wide p s Fs). replace (s - s) with 0 by ring. rewrite Rplus_0_l, (fl_wide p (fl t)) by apply wide_fl, Hp.
set (T := fl t) in *. set (f := t - T) in *. assert (FT : wide p T) by exact (wide_fl p _). assert (Es : s + t = s + T + f) by (unfold f; ring).
destruct (v_small p Hp1) as ((v0 & v5) & vu & vE). assert (Hf : Rabs f <= Rabs T / 2).
{ unfold f. rewrite Rabs_minus_sym. destruct (Req_dec T 0) as [Z|N].
  - assert (E := wide_error p t). fold T in E. rewrite Z in *. rewrite Rminus_0_l, Rabs_Ropp in *. rewrite Rabs_R0. assert (u / (1 + u) * Rabs t <= / 5 * Rabs t) by (apply Rmult_le_compat_r; [apply Rabs_pos|lra]). generalize (Rabs_pos t). lra.
  - destruct (leading p T FT N) as (i & [I1 I2] & _ & I3). eapply Rle_trans; [apply error_le_half_ulp_round; typeclasses eauto|]. fold T. rewrite I3.
    assert (u * bpow radix2 i <= / 8 * bpow radix2 i) by (apply Rmult_le_compat_r; [apply bpow_ge_0|lra]). generalize (bpow_ge_0 radix2 i). lra. }
destruct Hst as [Z|(Hs & HT)].
{ rewrite Z in *. rewrite (fast_two_sum_zero T FT). cbn [fst snd]. rewrite Rplus_0_r, (fl_wide p f Ff).
  destruct (normalised p Hp1 T f FT Ff ltac:(right; generalize (Rabs_pos T); lra)) as [D ->]. split; [exact D|]. replace (T + f - (0 + t)) with 0 by (unfold f; ring). rewrite Rabs_R0. exact CR. }
rewrite (fast_two_sum_exponents j s T Fs FT Hs HT). cbn [fst snd]. set (Z := s + T) in *.
assert (Tiny : T = 0 -> f = 0) by (intros E; rewrite E, Rabs_R0 in Hf; apply Rabs_eq_R0; generalize (Rabs_pos f); lra).
destruct (Req_dec T 0) as [T0|T0].
{ assert (FZ : wide p Z) by (unfold Z; rewrite T0, Rplus_0_r; exact Fs). rewrite (fl_wide p Z FZ). replace (Z - Z) with 0 by ring. rewrite (Tiny T0), Rplus_0_r, fl_0.
  destruct (normalised p Hp1 Z 0 FZ (wide_0 p) ltac:(right; rewrite Rabs_R0; apply Rabs_pos)) as [D ->]. split; [exact D|]. replace (Z + 0 - (s + t)) with 0 by (rewrite Es, (Tiny T0); ring). rewrite Rabs_R0. exact CR. }
destruct (leading p T FT T0) as (i & [I1 I2] & _ & I3). assert (ui : 0 < u * bpow radix2 i) by (apply Rmult_lt_0_compat; [lra|apply bpow_gt_0]).
assert (Fi : Rabs f <= u * bpow radix2 i).
{ unfold f. rewrite Rabs_minus_sym. eapply Rle_trans; [apply error_le_half_ulp_round; typeclasses eauto|]. fold T. rewrite I3. lra. }
assert (Ij : (i <= j)%Z) by (assert (i < j + 1)%Z; [apply (lt_bpow radix2); lra|lia]).
destruct (inexact_sum_is_large p j i s T Fs FT Hs I1) as [W|W].
- fold Z in W. rewrite (fl_wide p Z W). replace (Z - Z) with 0 by ring. rewrite Rplus_0_r, (fl_wide p f Ff).
  assert (L : Z = 0 \/ Rabs f <= Rabs Z).
  { destruct (Req_dec Z 0) as [Z0|Z0]; [now left|right]. assert (G : grid (i + 1 - p) Z).
    { apply grid_plus; [apply (grid_finer (j + 1 - p)); [lia|now apply grid_of_wide]|now apply grid_of_wide]. }
    assert (B := grid_gap _ 0 (Rabs Z) (grid_0 _) (generic_format_abs _ _ _ G) (Rabs_pos_lt _ Z0)). rewrite u_times in B. lra. }
  destruct (normalised p Hp1 Z f W Ff L) as [D ->]. split; [exact D|]. replace (Z + f - (s + t)) with 0 by (rewrite Es; ring). rewrite Rabs_R0. exact CR.
- fold Z in W. rewrite Z.min_r, <- twice_bpow in W by exact Ij. set (V := fl Z) in *. assert (EV := wide_error p Z). fold V in EV. set (v := u / (1 + u)) in *.
  assert (Ui : u * (2 * bpow radix2 i) <= u * Rabs Z) by (apply Rmult_le_compat_l; lra). assert (Z0 := Rabs_pos Z).
  assert (S : Rabs (f + (Z - V)) <= (u / 2 + v) * Rabs Z) by (generalize (Rabs_triang f (Z - V)); rewrite (Rabs_minus_sym Z); lra).
  assert (EW := wide_error p (f + (Z - V))). fold v in EW. set (w := fl (f + (Z - V))) in *.
  assert (EW' : Rabs (w - (f + (Z - V))) <= v * ((u / 2 + v) * Rabs Z)) by (apply Rle_trans with (1 := EW), Rmult_le_compat_l; lra).
  assert (L : Rabs w <= Rabs V).
  { assert (A := Rabs_triang (f + (Z - V)) (w - (f + (Z - V)))). replace (f + (Z - V) + (w - (f + (Z - V)))) with w in A by ring.
    assert (B := abs_minus Z (V - Z)). replace (Z + (V - Z)) with V in B by ring.
    assert ((1 + v) * (u / 2 + v) + v <= 1) by nra. assert (((1 + v) * (u / 2 + v) + v) * Rabs Z <= 1 * Rabs Z) by (apply Rmult_le_compat_r; assumption). lra. }
  destruct (normalised p Hp1 V w (wide_fl p _) (wide_fl p _) (or_intror L)) as [D ->]. split; [exact D|].
  replace (V + w - (s + t)) with (w - (f + (Z - V))) by (rewrite Es; unfold Z; ring). apply Rle_trans with (1 := EW').
  assert (X : (1 - u / 2) * Rabs Z <= Rabs (s + t)) by (rewrite Es; fold Z; generalize (abs_minus Z f); lra).
  apply Rle_trans with (C * ((1 - u / 2) * Rabs Z)); [|apply Rmult_le_compat_l; [assert (0 <= u ^ 2) by apply pow2_ge_0; lra|exact X]].
  rewrite <- !Rmult_assoc. apply Rmult_le_compat_r; [exact Z0|]. apply Rle_trans with (3 * u ^ 2 * (1 - u / 2)); [|apply Rmult_le_compat_r; lra].
  assert (v * (u / 2 + v) <= u * (u / 2 + u)) by (apply Rmult_le_compat; lra). assert (u * u ^ 2 <= / 8 * u ^ 2) by (apply Rmult_le_compat_r; [apply pow2_ge_0|lra]).
  assert (u * (u / 2 + u) = 3 / 2 * u ^ 2) by field. assert (3 * u ^ 2 * (1 - u / 2) = 3 * u ^ 2 - 3 / 2 * (u * u ^ 2)) by field. assert (0 <= u ^ 2) by apply pow2_ge_0. lra.
Qed.

(** Where it is not: S is the power of two below it. *)
Lemma inexact_high_sum s t q (S := bpow radix2 q) : S <= Rabs s < 2 * S -> Rabs t <= 5 / 2 * (u * S) -> wide p (t - fl t) -> good s t.
Proof.
intros (Hs & Hs') Ht Ff. destruct C_pos as ((u0 & u8) & C3 & CE). assert (Hp1 : (1 < p)%Z) by lia. assert (S0 : 0 < S) by apply bpow_gt_0.
destruct (powers_of_two p q) as (B1 & B2 & _ & B2u & B4u & _). fold S in B1, B2, B2u, B4u.
assert (uS : 0 < u * S) by (apply Rmult_lt_0_compat; lra). assert (uS8 : u * S <= / 8 * S) by (apply Rmult_le_compat_r; lra).
assert (uuS : 0 < u * (u * S)) by (apply Rmult_lt_0_compat; lra). assert (uuS8 : u * (u * S) <= / 8 * (u * S)) by (apply Rmult_le_compat_r; lra).
unfold good, combined. set (h := fl s). set (e := s - h). set (T := fl t) in *. set (f := t - T) in *. set (c := fl (e + T)).
destruct (below p (2 * S) s (ex_intro _ _ B1) ltac:(lra)) as (He & Hh). fold h in He, Hh. rewrite Rabs_minus_sym in He. fold e in He.
destruct (below p (4 * (u * S)) t (ex_intro _ _ B4u) ltac:(lra)) as (Hf & _). fold T in Hf. rewrite Rabs_minus_sym in Hf. fold f in Hf.
assert (HT : Rabs T <= 5 / 2 * (u * S) + 2 * (u * (u * S))).
{ assert (A := Rabs_triang t (- f)). replace (t + - f) with T in A by (unfold f; ring). rewrite Rabs_Ropp in A. lra. }
destruct (below p (4 * (u * S)) (e + T) (ex_intro _ _ B4u) ltac:(generalize (Rabs_triang e T); lra)) as (E1 & Hc). fold c in E1, Hc.
assert (Hh1 : S <= Rabs h) by (apply wide_at_least; [exact Hp|now apply wide_bpow|exact Hs]). assert (Fh : wide p h) by exact (wide_fl p _). assert (Fc : wide p c) by exact (wide_fl p _).
rewrite (fast_two_sum_exact p Hp1 h c Fh Fc) by lra. cbn [fst snd]. set (V := fl (h + c)). set (l := h + c - V). set (w := fl (f + l)).
set (e1 := c - (e + T)) in *. set (e2 := w - (f + l)).
assert (Ed : V + w - (s + t) = e1 + e2) by (unfold e2, e1, l, f, e; ring). assert (Td := Rabs_triang e1 e2).
assert (X : Rabs s - Rabs t <= Rabs (s + t)) by apply abs_minus. assert (Hhc := abs_minus h c). assert (Hhc' := Rabs_triang h c). assert (Tl := Rabs_triang f l).
assert (C0 : 0 <= C) by (assert (0 <= u ^ 2) by apply pow2_ge_0; lra).
destruct (Rle_or_lt (Rabs (h + c)) (2 * S)) as [I|I].
- destruct (below p (2 * S) (h + c) (ex_intro _ _ B1) I) as (Hl & _). fold V in Hl. rewrite Rabs_minus_sym in Hl. fold l in Hl.
  destruct (below p (2 * (u * S)) (f + l) (ex_intro _ _ B2u) ltac:(lra)) as (E2 & Hw). fold w e2 in E2, Hw.
  assert (HV : S / 2 <= Rabs V).
  { replace (S / 2) with (bpow radix2 (q - 1)) by (generalize (twice_bpow (q - 1)); rewrite Z.sub_add; fold S; lra). apply wide_at_least; [exact Hp|now apply wide_bpow|].
    generalize (twice_bpow (q - 1)). rewrite Z.sub_add. fold S. lra. }
  apply (finish p Hp1 V w _ _ _ (wide_fl p _) (wide_fl p _) ltac:(right; lra) Ed). apply Rle_trans with (C * ((1 - 5 / 2 * u) * S)); [rewrite <- Rmult_assoc, CE; lra|apply Rmult_le_compat_l; lra].
- destruct (below p (4 * S) (h + c) (ex_intro _ _ B2) ltac:(lra)) as (Hl & _). fold V in Hl. rewrite Rabs_minus_sym in Hl. fold l in Hl.
  destruct (below p (4 * (u * S)) (f + l) (ex_intro _ _ B4u) ltac:(lra)) as (E2 & Hw). fold w e2 in E2, Hw.
  assert (HV : 2 * S <= Rabs V) by (rewrite <- B1; apply wide_at_least; [exact Hp|now apply wide_bpow|lra]).
  apply (finish p Hp1 V w _ _ _ (wide_fl p _) (wide_fl p _) ltac:(right; lra) Ed).
  assert (Y : 2 * S - 4 * (u * (u * S)) <= Rabs (s + t)).
  { assert (A := abs_minus (h + c) (f - e1)). replace (h + c + (f - e1)) with (s + t) in A by (unfold e1, f, e; ring).
    assert (B := Rabs_triang f (- e1)). rewrite (Rabs_Ropp e1) in B. unfold Rminus in A at 2. lra. }
  apply Rle_trans with (3 * u ^ 2 * (2 * S - 4 * (u * (u * S)))); [|apply Rmult_le_compat; try lra; assert (0 <= u ^ 2) by apply pow2_ge_0; lra].
  assert (u ^ 2 * (u * (u * S)) <= / 64 * (u * (u * S))) by (apply Rmult_le_compat_r; [lra|simpl; nra]). lra.
Qed.

(** |x_l| is at most u times the power of two below |x_h|, and so is the other. *)
Lemma accurate_ordered h l h' l' k k' : (k' <= k)%Z -> wide p h -> wide p l -> wide p h' -> wide p l' ->
  bpow radix2 k <= Rabs h -> Rabs h' <= 2 * bpow radix2 k' - 2 * u * bpow radix2 k' -> bpow radix2 k' <= Rabs h' ->
  Rabs l <= u * bpow radix2 k -> Rabs l' <= u * bpow radix2 k' -> good (h + h') (l + l').
Proof.
intros K Fh Fl Fh' Fl' Hh Hb' Hb Hl Hl'. destruct C_pos as ((u0 & u8) & _). assert (Hp1 : (1 < p)%Z) by lia.
assert (Ff : wide p (l + l' - fl (l + l'))) by now apply sum_error_is_wide. assert (Tl := Rabs_triang l l').
set (a := bpow radix2 k) in *. set (b := bpow radix2 k') in *. assert (a0 : 0 < a) by apply bpow_gt_0. assert (b0 : 0 < b) by apply bpow_gt_0.
assert (ab : b <= a) by (apply bpow_le; exact K). assert (ua : 0 < u * a) by (apply Rmult_lt_0_compat; lra). assert (ub : 0 < u * b) by (apply Rmult_lt_0_compat; lra).
assert (ua8 : u * a <= / 8 * a) by (apply Rmult_le_compat_r; lra). assert (uab : u * b <= u * a) by (apply Rmult_le_compat_l; lra).
destruct (powers_of_two p k) as (A1 & _ & Au & A2u & A4u & _). fold a in A1, Au, A2u, A4u.
assert (G : forall g, (g <= k' + 1 - p)%Z -> grid g (h + h')).
{ intros g Hg. apply grid_plus; [apply (grid_finer (k + 1 - p)); [lia|now apply grid_of_wide]|apply (grid_finer (k' + 1 - p)); [lia|now apply grid_of_wide]]. }
assert (Away : forall g, (g <= k' + 1 - p)%Z -> h + h' <> 0 -> bpow radix2 g <= Rabs (h + h')).
{ intros g Hg N. generalize (grid_gap g 0 (Rabs (h + h')) (grid_0 _) (generic_format_abs _ _ _ (G g Hg)) (Rabs_pos_lt _ N)). lra. }
destruct (inexact_sum_is_large p k k' h h' Fh Fh' Hh Hb) as [W|W].
- destruct (Req_dec (h + h') 0) as [N|N]; [apply (exact_high_sum _ _ 0); auto|].
  destruct (Z.eq_dec k' k) as [->|K1]; [|destruct (Z.eq_dec k' (k - 1)) as [K2|K2]].
  + apply (exact_high_sum _ _ (k + 1 - p)); auto. right. split; [apply Away; [lia|exact N]|]. replace (k + 1 - p + 1)%Z with (k + 2 - p)%Z by ring. rewrite A4u.
    destruct (below p (2 * (u * a)) (l + l') (ex_intro _ _ A2u) ltac:(lra)) as (_ & B). lra.
  + apply (exact_high_sum _ _ (k - p)); auto. right. split; [apply Away; [lia|exact N]|]. replace (k - p + 1)%Z with (k + 1 - p)%Z by ring. rewrite A2u.
    assert (Hb2 : b = a / 2) by (unfold a, b; rewrite K2; generalize (twice_bpow (k - 1)); rewrite Z.sub_add; lra).
    apply Rle_lt_trans with (3 * bpow radix2 (k - p - 1)); [|generalize (twice_bpow (k - p - 1)); rewrite Z.sub_add, Au; lra].
    apply wide_at_most; [exact Hp|now apply wide_3|]. generalize (twice_bpow (k - p - 1)). rewrite Z.sub_add, Au, Hb2 in *. lra.
  + assert (Hb4 : b <= a / 4).
    { assert (b <= bpow radix2 (k - 2)) by (apply bpow_le; lia). assert (E := twice_bpow (k - 2)). assert (E' := twice_bpow (k - 1)).
      replace (k - 2 + 1)%Z with (k - 1)%Z in E by ring. rewrite Z.sub_add in E'. fold a in E'. lra. }
    apply (exact_high_sum _ _ (k - 1)); auto. right. assert (E' := twice_bpow (k - 1)). rewrite Z.sub_add in *. fold a in E'. fold a. split; [generalize (abs_minus h h'); lra|].
    destruct (below p (2 * (u * a)) (l + l') (ex_intro _ _ A2u) ltac:(lra)) as (_ & B). lra.
- rewrite Z.min_r in W by exact K. assert (N : h + h' <> 0) by (intros E; rewrite E, Rabs_R0 in W; generalize (bpow_gt_0 radix2 (k' + 1)); lra).
  set (q := (mag radix2 (h + h') - 1)%Z). set (S := bpow radix2 q). assert (S0 : 0 < S) by apply bpow_gt_0.
  assert (HS : S <= Rabs (h + h')) by (apply bpow_mag_le; exact N). assert (HS' : Rabs (h + h') < 2 * S) by (unfold S, q; rewrite twice_bpow, Z.sub_add; apply bpow_mag_gt).
  assert (Hq : (k' + 1 <= q)%Z) by (assert (k' + 1 < q + 1)%Z; [apply (lt_bpow radix2); rewrite <- (twice_bpow q); fold S; lra|lia]).
  assert (HbS : b <= S / 2) by (assert (b <= bpow radix2 (q - 1)) by (apply bpow_le; lia); generalize (twice_bpow (q - 1)); rewrite Z.sub_add; fold S; lra).
  assert (HaS : a <= 2 * S).
  { unfold a, S. rewrite twice_bpow. apply bpow_le. assert (k < q + 2)%Z; [|lia]. apply (lt_bpow radix2). replace (q + 2)%Z with (q + 1 + 1)%Z by ring. rewrite <- !twice_bpow. fold a S.
    generalize (abs_minus h h'). lra. }
  apply (inexact_high_sum _ _ q); [now split| |exact Ff]. fold S. assert (u * a <= u * (2 * S)) by (apply Rmult_le_compat_l; lra). assert (u * b <= u * (S / 2)) by (apply Rmult_le_compat_l; lra). lra.
Qed.

Theorem accurate_plus_bound x y : double_word p x -> double_word p y ->
  double_word p (accurate_plus x y) /\ Rabs (value (accurate_plus x y) - (value x + value y)) <= C * Rabs (value x + value y).
Proof.
intros Dx Dy. rewrite (accurate_plus_is_combined x y Dx Dy). replace (value x + value y) with (fst x + fst y + (snd x + snd y)) by (unfold value; ring).
change (good (fst x + fst y) (snd x + snd y)). assert (Hp1 : (1 < p)%Z) by lia.
assert (Fx := Dx). assert (Fy := Dy). destruct Fx as (Fx & Fxl & _), Fy as (Fy & Fyl & _). assert (Ff := sum_error_is_wide p _ _ Fxl Fyl).
destruct (Req_dec (fst x) 0) as [Zx|Zx]; [|destruct (Req_dec (fst y) 0) as [Zy|Zy]].
- rewrite Zx, (high_word_0 p x Dx Zx), !Rplus_0_l in *. destruct (Req_dec (fst y) 0) as [Zy|Zy]; [apply (exact_high_sum _ _ 0); auto|].
  destruct (low_word p y Dy Zy) as (k & [A _] & _ & B & _). apply (exact_high_sum _ _ k); auto. right. split; [exact A|]. rewrite (fl_wide p _ Fyl). apply Rle_lt_trans with (1 := B).
  rewrite <- twice_bpow. destruct C_pos as ((u0 & u8) & _). assert (0 < bpow radix2 k) by apply bpow_gt_0. assert (u * bpow radix2 k <= / 8 * bpow radix2 k) by (apply Rmult_le_compat_r; lra). lra.
- rewrite Zy, (high_word_0 p y Dy Zy), !Rplus_0_r in *.
  destruct (low_word p x Dx Zx) as (k & [A _] & _ & B & _). apply (exact_high_sum _ _ k); auto. right. split; [exact A|]. rewrite (fl_wide p _ Fxl). apply Rle_lt_trans with (1 := B).
  rewrite <- twice_bpow. destruct C_pos as ((u0 & u8) & _). assert (0 < bpow radix2 k) by apply bpow_gt_0. assert (u * bpow radix2 k <= / 8 * bpow radix2 k) by (apply Rmult_le_compat_r; lra). lra.
- destruct (low_word p x Dx Zx) as (k & [A1 A2] & _ & A3 & _). destruct (low_word p y Dy Zy) as (k' & [B1 B2] & _ & B3 & _).
  destruct (Z.le_ge_cases k' k) as [K|K]; [now apply (accurate_ordered _ _ _ _ k k')|].
  rewrite (Rplus_comm (fst x)), (Rplus_comm (snd x)). now apply (accurate_ordered _ _ _ _ k' k).
Qed.
End AccurateSum.
