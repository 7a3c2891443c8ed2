(* SPDX-License-Identifier: Apache-2.0 *)
(** The product of double words without a fused multiply-add: error at most 5 u^2 for p > 3. Bound dw.timesdw1. Algorithm 10 of Joldes, Muller and
    Popescu (2017). *)
From Fmtlab Require Import Numbers Sums DoubleWord DoubleWordFactors.

Section Products.
Variable p : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Notation fl := (wide_nearest p).
Notation u := (u p).

(** A tie goes to even: between 2^(p + g) and twice that, an odd multiple of 2^g is rounded to a multiple of 2^(g + 2). *)
Lemma exact_or_even g s : grid g s -> bpow radix2 (p + g) <= Rabs s < bpow radix2 (p + g + 1) -> wide p s \/ grid (g + 2) (fl s).
Proof.
intros G (L & U). apply grid_is_multiples in G. destruct G as (n & En).
destruct (Z.Even_or_Odd n) as [(q & Eq)|(q & Eq)]; [left|right].
- apply (wide_of_grid p (g + 1)); [|apply Rlt_le; now rewrite Z.add_assoc].
  apply grid_is_multiples. exists q. rewrite En, Eq, mult_IZR, <- twice_bpow. ring.
- assert (Hm : mag radix2 s = (p + g + 1)%Z :> Z) by (apply mag_unique; split; [now replace (p + g + 1 - 1)%Z with (p + g)%Z by ring|exact U]).
  assert (Es : s = (IZR q + / 2) * bpow radix2 (g + 1)) by (rewrite En, Eq, plus_IZR, mult_IZR, <- twice_bpow; field).
  unfold round, scaled_mantissa, cexp, FLX_exp. rewrite Hm. replace (p + g + 1 - p)%Z with (g + 1)%Z by ring.
  rewrite Es, Rmult_assoc, <- bpow_plus. replace (g + 1 + - (g + 1))%Z with 0%Z by ring. rewrite Rmult_1_r.
  assert (Hf : Zfloor (IZR q + / 2) = q) by (apply Zfloor_imp; rewrite plus_IZR; lra).
  assert (Hc : Zceil (IZR q + / 2) = (q + 1)%Z) by (apply Zceil_imp; rewrite minus_IZR, plus_IZR; lra).
  unfold Znearest. rewrite Hf, Hc, Rcompare_Eq by ring. apply grid_is_multiples. unfold F2R. cbn [Fnum Fexp].
  replace (g + 2)%Z with (g + 1 + 1)%Z by ring. rewrite <- (twice_bpow (g + 1)). destruct (Z.Even_or_Odd q) as [(r & ->)|(r & ->)].
  + exists r. rewrite Z.even_mul. change (Z.even 2) with true. cbn [orb negb]. rewrite mult_IZR. ring.
  + exists (r + 1)%Z. rewrite Z.even_add, Z.even_mul. change (Z.even 2) with true. change (Z.even 1) with false. cbn [orb Bool.eqb negb].
    rewrite !plus_IZR, mult_IZR. ring.
Qed.

(** What the two mixed products and their sum err by, in terms of L = u^2 M, where their sum is small: together with the product of the low words
    3 L, and L/2 less without either of the two errors; or L/2 and 2 L more where the sum is a multiple of 4 L. *)
Section Mixed.
Variables (K : Z) (f1 f2 ll : R).
Let M := bpow radix2 K.
Let L := u * (u * M).
Let m1 := fl f1.
Let m2 := fl f2.
Let m3 := fl (m1 + m2).
Let e1 := Rabs (m1 - f1).
Let e2 := Rabs (m2 - f2).
Let e3 := Rabs (m3 - (m1 + m2)) + Rabs ll.
Hypotheses (H1 : Rabs f1 <= 2 * (u * M)) (H2 : Rabs f2 <= 2 * (u * M)) (H3 : Rabs (m1 + m2) <= 2 * (u * M)).
Hypotheses (Hll : Rabs ll <= L) (Hl1 : Rabs ll <= u * Rabs f1).

Definition small := e1 + e2 + e3 <= 3 * L /\ e2 + e3 <= 5 / 2 * L /\ e1 + e3 <= 5 / 2 * L.
Definition even := grid (K + 2 - p - p) m3 /\ e1 + e2 + e3 <= 5 * L /\ e2 + e3 <= 9 / 2 * L /\ e1 + e3 <= 9 / 2 * L.

Lemma mixed_ordered : Rabs m1 < u * M <= Rabs m2 -> small \/ even.
Proof.
intros (I1 & I2). assert (u0 := u_pos p). assert (u4 := u_le_quarter p Hp1). assert (M0 : 0 < M) by apply bpow_gt_0.
assert (uM : 0 < u * M) by (apply Rmult_lt_0_compat; lra). assert (L0 : 0 < L) by (apply Rmult_lt_0_compat; lra).
destruct (powers_of_two p K) as (_ & _ & Bu & B2u & _). fold M in Bu, B2u. assert (Bh := twice_bpow (K - p - 1)). rewrite Z.sub_add, Bu in Bh.
destruct (below p (u * M) f1 (ex_intro _ _ Bu) (below_rounded p _ _ (ex_intro _ _ Bu) I1)) as (E1 & _). fold m1 e1 in E1.
destruct (below p (2 * (u * M)) f2 (ex_intro _ _ B2u) H2) as (E2 & _). fold m2 e2 in E2.
destruct (below p (2 * (u * M)) (m1 + m2) (ex_intro _ _ B2u) H3) as (E3 & _). fold m3 in E3.
assert (D : u * (u * M) = L) by reflexivity. assert (P0 := Rabs_pos ll).
destruct (Rle_or_lt (Rabs (m1 + m2)) (u * M)) as [S|S].
{ destruct (below p (u * M) (m1 + m2) (ex_intro _ _ Bu) S) as (E3' & _). fold m3 in E3'. left. unfold small, e3. lra. }
destruct (Rlt_or_le (Rabs m1) (bpow radix2 (K - p - 1))) as [T|T].
- assert (F1 := below_rounded p _ _ (ex_intro _ _ eq_refl) T). destruct (below p _ f1 (ex_intro _ _ eq_refl) F1) as (E1' & _). fold m1 e1 in E1'.
  assert (u * Rabs f1 <= u * bpow radix2 (K - p - 1)) by (apply Rmult_le_compat_l; lra). left. unfold small, e3.
  assert (u * (2 * bpow radix2 (K - p - 1)) = L) by now rewrite Bh. lra.
- assert (G : grid (K - p - p) (m1 + m2)).
  { apply grid_plus.
    - replace (K - p - p)%Z with (K - p - 1 + 1 - p)%Z by ring. apply grid_of_wide; [exact (wide_fl p _)|exact T].
    - apply (grid_finer (K - p + 1 - p)); [lia|]. apply grid_of_wide; [exact (wide_fl p _)|now rewrite Bu]. }
  destruct H3 as [H3'|H3'].
  + destruct (exact_or_even (K - p - p) (m1 + m2) G) as [W|W].
    * replace (p + (K - p - p))%Z with (K - p)%Z by ring. replace (K - p + 1)%Z with (K + 1 - p)%Z by ring. rewrite Bu, B2u. lra.
    * left. unfold small, e3. assert (m3 = m1 + m2) as -> by now apply fl_wide. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. lra.
    * right. split; [now replace (K + 2 - p - p)%Z with (K - p - p + 2)%Z by ring|]. unfold e3. lra.
  + left. unfold small, e3. assert (m3 = m1 + m2) as ->; [|rewrite Rminus_diag_eq, Rabs_R0 by reflexivity; lra].
    apply fl_wide. rewrite <- (Rmult_1_r (m1 + m2)). rewrite <- B2u in H3'. apply (times_power_wide p _ _ _ H3'), (wide_bpow p 0).
Qed.
End Mixed.

(** The same in any order. *)
Lemma mixed K f1 f2 ll : let M := bpow radix2 K in Rabs f1 <= 2 * (u * M) -> Rabs f2 <= 2 * (u * M) -> Rabs (fl f1 + fl f2) <= 2 * (u * M) ->
  Rabs ll <= u * (u * M) -> Rabs ll <= u * Rabs f1 -> Rabs ll <= u * Rabs f2 -> small K f1 f2 ll \/ even K f1 f2 ll.
Proof.
intros M H1 H2 H3 Hll L1 L2. assert (P0 := Rabs_pos ll). destruct (Rle_or_lt (u * M) (Rabs (fl f1))) as [I1|I1], (Rle_or_lt (u * M) (Rabs (fl f2))) as [I2|I2].
- (* Multiples of 2 u^2 M, so that their sum is exact. *)
  left. destruct (powers_of_two p K) as (_ & _ & Bu & B2u & _). fold M in Bu, B2u.
  destruct (below p (2 * (u * M)) f1 (ex_intro _ _ B2u) H1) as (E1 & _). destruct (below p (2 * (u * M)) f2 (ex_intro _ _ B2u) H2) as (E2 & _).
  assert (W : wide p (fl f1 + fl f2)).
  { apply (wide_of_grid p (K - p + 1 - p)).
    - apply grid_plus; apply grid_of_wide; (exact (wide_fl p _) || now rewrite Bu).
    - replace (p + (K - p + 1 - p))%Z with (K + 1 - p)%Z by ring. now rewrite B2u. }
  unfold small. fold M. rewrite (fl_wide p _ W), (Rminus_diag_eq (fl f1 + fl f2) _ eq_refl), Rabs_R0. lra.
- assert (S : small K f2 f1 ll \/ even K f2 f1 ll) by (apply mixed_ordered; try assumption; [now rewrite Rplus_comm|now split]).
  unfold small, even in *. fold M in S |- *. rewrite (Rplus_comm (fl f2)) in S. destruct S as [S|S]; [left|right]; repeat split; try apply S; lra.
- apply mixed_ordered; try assumption. now split.
- left. destruct (powers_of_two p K) as (_ & _ & Bu & B2u & _). fold M in Bu, B2u.
  destruct (below p (u * M) f1 (ex_intro _ _ Bu) (below_rounded p _ _ (ex_intro _ _ Bu) I1)) as (E1 & _).
  destruct (below p (u * M) f2 (ex_intro _ _ Bu) (below_rounded p _ _ (ex_intro _ _ Bu) I2)) as (E2 & _).
  destruct (below p (2 * (u * M)) _ (ex_intro _ _ B2u) H3) as (E3 & _). unfold small. fold M. lra.
Qed.

(** Without a fused multiply-add: 5 u^2 for p >= 4. *)
Theorem times_1_bound c x y : 9 <= c * (2 - 3 * u + u ^ 2) -> 9 / 2 <= c * (1 - u) -> 5 <= c -> double_word p x -> double_word p y ->
  double_word p (times_1 p x y) /\ Rabs (value (times_1 p x y) - value x * value y) <= c * u ^ 2 * Rabs (value x * value y).
Proof.
intros C1 C2 C3 Dx Dy. prepare p Hp1 x y k k' c c0 Dx Dy M P Q H X. set (e := fst x * fst y - c0) in *.
set (f1 := fst x * snd y) in *. set (f2 := snd x * fst y) in *. set (ll := snd x * snd y) in *.
assert (L1 : Rabs ll <= u * Rabs f1).
{ unfold ll, f1. rewrite !Rabs_mult, <- Rmult_assoc. apply Rmult_le_compat_r; [apply Rabs_pos|]. now apply low_word_relative. }
assert (L2 : Rabs ll <= u * Rabs f2).
{ unfold ll, f2. rewrite !Rabs_mult. apply Rle_trans with (Rabs (snd x) * (u * Rabs (fst y))); [|right; ring].
  apply Rmult_le_compat_l; [apply Rabs_pos|]. now apply low_word_relative. }
assert (M3 := mixed (k + k') f1 f2 ll). cbv zeta in M3. fold M in M3. set (m1 := fl f1) in *. set (m2 := fl f2) in *. set (m3 := fl (m1 + m2)) in *. set (w := fl (e + m3)).
set (e1 := m1 - f1). set (e2 := m2 - f2). set (e3 := m3 - (m1 + m2)). set (e4 := w - (e + m3)).
assert (Ed : c0 + w - value x * value y = e1 + e2 + e3 + e4 - ll) by (unfold e4, e3, e2, e1, f1, f2, e, ll, value; ring).
assert (Td : Rabs (e1 + e2 + e3 + e4 - ll) <= Rabs e1 + Rabs e2 + Rabs e3 + Rabs e4 + Rabs ll).
{ generalize (Rabs_triang (e1 + e2 + e3 + e4) (- ll)) (Rabs_triang (e1 + e2 + e3) e4) (Rabs_triang (e1 + e2) e3) (Rabs_triang e1 e2).
  rewrite (Rabs_Ropp ll). unfold Rminus. lra. }
assert (Fm : wide p m3) by exact (wide_fl p _).
destruct (below p (2 * (u * M)) f1 (ex_intro _ _ B2u) ltac:(lra)) as (He1' & _). fold m1 e1 in He1'.
destruct (below p (2 * (u * M)) f2 (ex_intro _ _ B2u) ltac:(lra)) as (He2' & _). fold m2 e2 in He2'.
assert (Hm1 : Rabs m1 <= u * P).
{ apply wide_at_most; try exact Hp; [|exact Hhl]. replace (u * P) with (Rabs (fst x) * bpow radix2 (k' - p)) by (unfold P, Numbers.u, Z.sub; rewrite bpow_plus; ring).
  apply wide_times_bpow, wide_abs, Fx. }
assert (Hm2 : Rabs m2 <= u * Q).
{ apply wide_at_most; try exact Hp; [|exact Hlh]. replace (u * Q) with (Rabs (fst y) * bpow radix2 (k - p)) by (unfold Q, Numbers.u, Z.sub; rewrite bpow_plus; ring).
  apply wide_times_bpow, wide_abs, Fy. }
assert (S : Rabs (m1 + m2) <= u * (P + Q)) by (generalize (Rabs_triang m1 m2); lra). assert (Tw : Rabs (e + m3) <= Rabs e + Rabs m3) by apply Rabs_triang.
assert (D : (c0 = 0 \/ Rabs w <= Rabs c0) /\ Rabs e1 + Rabs e2 + Rabs e3 + Rabs e4 + Rabs ll <= c * u ^ 2 * X).
{ destruct (Rle_or_lt (2 * M) H) as [B|A].
  - destruct (below p (4 * (u * M)) (m1 + m2) (ex_intro _ _ B4u) ltac:(lra)) as (He3' & Hm3). fold m3 e3 in He3', Hm3.
    destruct (below p (8 * (u * M)) (e + m3) (ex_intro _ _ B8u) ltac:(lra)) as (He4' & Hw). fold w e4 in He4', Hw.
    split; [apply (low_enough p Hp1 M); [exact M0|left; now apply Hc2|lra]|].
    assert (I : (2 - 3 * u + u ^ 2) * M <= X) by (assert (u * H >= 0) by (apply Rle_ge, Rmult_le_pos; lra); assert ((1 - u) * (2 * M) <= (1 - u) * H) by (apply Rmult_le_compat_l; lra); lra).
    apply Rle_trans with (9 * (u * (u * M))); [lra|]. apply Rle_trans with (c * u ^ 2 * ((2 - 3 * u + u ^ 2) * M)); [|apply Rmult_le_compat_l; assumption].
    assert (9 * (u * (u * M)) <= c * (2 - 3 * u + u ^ 2) * (u * (u * M))) by (apply Rmult_le_compat_r; lra). lra.
  - specialize (He1 A). assert (Z : u * (P + Q) <= 3 * (u * M)) by (assert (u * (M + H) <= u * (3 * M)) by (apply Rmult_le_compat_l; lra); lra).
    assert (W3 : Rabs m3 <= 3 * (u * M)) by (apply wide_at_most; [exact Hp|rewrite <- Bu; now apply wide_3|lra]).
    destruct (below p (4 * (u * M)) (e + m3) (ex_intro _ _ B4u) ltac:(lra)) as (He4' & Hw). fold w e4 in He4', Hw.
    split; [apply (low_enough p Hp1 M); [exact M0|right; split; assumption|lra]|].
    (* 5 u^2 M in all, 9/2 u^2 M without the error of either mixed product. *)
    set (T := Rabs e3 + Rabs e4 + Rabs ll) in *.
    assert (G : Rabs e1 + Rabs e2 + T <= 5 * (u * (u * M)) /\ Rabs e2 + T <= 9 / 2 * (u * (u * M)) /\ Rabs e1 + T <= 9 / 2 * (u * (u * M))).
    { destruct (Rle_or_lt (2 * (u * M)) (Rabs m3)) as [L|L].
      - assert (E : e4 = 0) by (apply Rminus_diag_eq; unfold w, e; apply (last_sum_exact p Hp1 x y k k'); auto).
        destruct (below p (4 * (u * M)) (m1 + m2) (ex_intro _ _ B4u) ltac:(lra)) as (He3' & _). fold m3 e3 in He3'. unfold T. rewrite E, Rabs_R0. lra.
      - assert (N : Rabs (m1 + m2) <= 2 * (u * M)) by exact (below_rounded p _ _ (ex_intro _ _ B2u) L).
        destruct (M3 ltac:(lra) ltac:(lra) N Hll L1 L2) as [(S1 & S2 & S3)|(Ge3 & S1 & S2 & S3)];
          fold M in S1, S2, S3; fold m1 m2 in S1, S2, S3; fold m3 in S1, S2, S3; fold e1 e2 e3 in S1, S2, S3; unfold T; [lra|].
        assert (E : e4 = 0).
        { apply Rminus_diag_eq. unfold w. apply fl_wide, (wide_of_grid p (k + k' + 2 - p - p)); [now apply grid_plus|].
          replace (p + (k + k' + 2 - p - p))%Z with (k + k' + 2 - p)%Z by ring. rewrite B4u. lra. }
        rewrite E, Rabs_R0. lra. }
    destruct G as (G0 & G1 & G2).
    assert (End : Rabs e1 + Rabs e2 + T <= 9 / 2 * (u * (u * M)) -> Rabs e1 + Rabs e2 + T <= c * u ^ 2 * X).
    { intros I. apply Rle_trans with (1 := I). apply Rle_trans with (c * u ^ 2 * (M - u * M)); [|apply Rmult_le_compat_l; assumption].
      assert (9 / 2 * (u * (u * M)) <= c * (1 - u) * (u * (u * M))) by (apply Rmult_le_compat_r; lra). lra. }
    replace (Rabs e1 + Rabs e2 + Rabs e3 + Rabs e4 + Rabs ll) with (Rabs e1 + Rabs e2 + T) by (unfold T; ring).
    destruct (power_or_not p x k Fx) as [Nx|Nx].
    { apply End. assert (E : e1 = 0) by (apply Rminus_diag_eq, fl_wide, (times_power_wide p _ _ k Nx), Fy). rewrite E, Rabs_R0 in *. lra. }
    destruct (power_or_not p y k' Fy) as [Ny|Ny].
    { apply End. assert (E : e2 = 0).
      { apply Rminus_diag_eq, fl_wide. unfold f2. rewrite Rmult_comm. apply (times_power_wide p _ _ k' Ny), Fx. }
      rewrite E, Rabs_R0 in *. lra. }
    assert (I : M <= X).
    { apply Rle_trans with ((1 + u) * (1 + u) * M); [|apply (product_least x y k k'); lra].
      rewrite <- (Rmult_1_l M) at 1. apply Rmult_le_compat_r; [lra|]. assert (0 <= u * u) by (apply Rmult_le_pos; lra). lra. }
    apply Rle_trans with (c * u ^ 2 * M); [|apply Rmult_le_compat_l; assumption].
    assert (5 * (u * (u * M)) <= c * (u * (u * M))) by (apply Rmult_le_compat_r; lra). lra. }
destruct D as (D1 & D2). apply (finish p Hp1 c0 w _ _ _ (wide_fl p _) (wide_fl p _) D1 Ed). lra.
Qed.

Theorem times_1_constants : errs_at_most p (times_1 p) 7 /\ ((4 <= p)%Z -> errs_at_most p (times_1 p) 5).
Proof.
assert (u4 := u_le_quarter p Hp1). split; [|intros H; assert (U := u_at_most p 4 H); simpl in U].
- intros x y Dx Dy. apply times_1_bound; try assumption; [apply least_product with (/ 4)| |]; lra.
- intros x y Dx Dy. apply times_1_bound; try assumption; [apply least_product with (/ 16)| |]; lra.
Qed.
End Products.
