(* SPDX-License-Identifier: Apache-2.0 *)
(** Products of double words with fused multiply-adds: error at most 5 u^2 for p > 2 and 4 u^2 for p > 3. Bounds dw.timesdw2 and dw.timesdw3. Algorithms 11
    and 12 of Joldes, Muller and Popescu (2017). In the second half of each proof errors do not meet: a middle sum of many bits leaves the last one exact. *)
From Fmtlab Require Import Numbers Sums DoubleWord DoubleWordFactors.

Section Products.
Variable p : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Notation fl := (wide_nearest p).
Notation u := (u p).

(** With a fused multiply-add: 5 u^2 for p >= 3. *)
Theorem times_2_bound c x y : 8 <= c * (2 - 3 * u + u ^ 2) -> 4 <= c * (1 - u) -> 5 <= c -> double_word p x -> double_word p y ->
  double_word p (times_2 p x y) /\ Rabs (value (times_2 p x y) - value x * value y) <= c * u ^ 2 * Rabs (value x * value y).
Proof.
intros C1 C2 C3 Dx Dy. prepare p Hp1 x y k k' c c0 Dx Dy M P Q H X.
set (e := fst x * fst y - c0) in *. set (m1 := fl (fst x * snd y)). set (m2 := fl (snd x * fst y + m1)). set (w := fl (e + m2)).
(* What is lost: at m1, m2, w and the product of the low words. *)
set (e1 := m1 - fst x * snd y). set (e2 := m2 - (snd x * fst y + m1)). set (e3 := w - (e + m2)). set (ll := snd x * snd y) in *.
assert (Ed : c0 + w - value x * value y = e1 + e2 + e3 - ll) by (unfold e3, e2, e1, e, ll, value; ring).
assert (Td : Rabs (e1 + e2 + e3 - ll) <= Rabs e1 + Rabs e2 + Rabs e3 + Rabs ll).
{ generalize (Rabs_triang (e1 + e2 + e3) (- ll)) (Rabs_triang (e1 + e2) e3) (Rabs_triang e1 e2). rewrite (Rabs_Ropp ll). unfold Rminus. lra. }
assert (Fm : wide p m2) by exact (wide_fl p _).
destruct (below p (2 * (u * M)) (fst x * snd y) (ex_intro _ _ B2u) ltac:(lra)) as (He1' & _). fold m1 e1 in He1'.
assert (Hm1 : Rabs m1 <= u * P).
{ apply wide_at_most; try exact Hp; [|exact Hhl]. replace (u * P) with (Rabs (fst x) * bpow radix2 (k' - p)) by (unfold P, Numbers.u, Z.sub; rewrite bpow_plus; ring).
  apply wide_times_bpow, wide_abs, Fx. }
assert (S : Rabs (snd x * fst y + m1) <= u * (P + Q)) by (generalize (Rabs_triang (snd x * fst y) m1); lra).
assert (Tw : Rabs (e + m2) <= Rabs e + Rabs m2) by apply Rabs_triang.
assert (D : (c0 = 0 \/ Rabs w <= Rabs c0) /\ Rabs e1 + Rabs e2 + Rabs e3 + Rabs ll <= c * u ^ 2 * X).
{ destruct (Rle_or_lt (2 * M) H) as [B|A].
  - destruct (below p (4 * (u * M)) (snd x * fst y + m1) (ex_intro _ _ B4u) ltac:(lra)) as (He2' & Hm2). fold m2 e2 in He2', Hm2.
    destruct (below p (8 * (u * M)) (e + m2) (ex_intro _ _ B8u) ltac:(lra)) as (He3' & Hw). fold w e3 in He3', Hw.
    split; [apply (low_enough p Hp1 M); [exact M0|left; now apply Hc2|lra]|].
    assert (I : (2 - 3 * u + u ^ 2) * M <= X) by (assert (u * H >= 0) by (apply Rle_ge, Rmult_le_pos; lra); assert ((1 - u) * (2 * M) <= (1 - u) * H) by (apply Rmult_le_compat_l; lra); lra).
    apply Rle_trans with (8 * (u * (u * M))); [lra|]. apply Rle_trans with (c * u ^ 2 * ((2 - 3 * u + u ^ 2) * M)); [|apply Rmult_le_compat_l; assumption].
    assert (8 * (u * (u * M)) <= c * (2 - 3 * u + u ^ 2) * (u * (u * M))) by (apply Rmult_le_compat_r; lra). lra.
  - specialize (He1 A). assert (Z : u * (P + Q) <= 3 * (u * M)) by (assert (u * (M + H) <= u * (3 * M)) by (apply Rmult_le_compat_l; lra); lra).
    assert (W3 : Rabs m2 <= 3 * (u * M)) by (apply wide_at_most; [exact Hp|rewrite <- Bu; now apply wide_3|lra]).
    destruct (below p (4 * (u * M)) (e + m2) (ex_intro _ _ B4u) ltac:(lra)) as (He3' & Hw). fold w e3 in He3', Hw.
    split; [apply (low_enough p Hp1 M); [exact M0|right; split; assumption|lra]|].
    assert (G4 : Rabs e2 + Rabs e3 + Rabs ll <= 4 * (u * (u * M))).
    { destruct (Rle_or_lt (2 * (u * M)) (Rabs m2)) as [L|L].
      - assert (e3 = 0) as -> by (apply Rminus_diag_eq; unfold w, e; apply (last_sum_exact p Hp1 x y k k'); auto).
        destruct (below p (4 * (u * M)) (snd x * fst y + m1) (ex_intro _ _ B4u) ltac:(lra)) as (He2' & _). fold m2 e2 in He2'. rewrite Rabs_R0. lra.
      - assert (Rabs (snd x * fst y + m1) <= 2 * (u * M)).
        { apply Rnot_lt_le. intros N. apply (Rlt_not_le _ _ L). rewrite <- B2u. apply wide_at_least; [exact Hp|now apply wide_bpow|lra]. }
        destruct (below p (2 * (u * M)) (snd x * fst y + m1) (ex_intro _ _ B2u) ltac:(assumption)) as (He2' & _). fold m2 e2 in He2'. lra. }
    destruct (power_or_not p x k Fx) as [N|N].
    + assert (Rabs e1 = 0) as ->.
      { rewrite <- Rabs_R0. f_equal. apply Rminus_diag_eq. unfold m1. apply fl_wide.
        assert (fst x = bpow radix2 k \/ fst x = - bpow radix2 k) as [-> | ->] by (clear - N; unfold Rabs in N; destruct Rcase_abs; lra).
        - rewrite Rmult_comm. apply wide_times_bpow, Fy.
        - rewrite <- Ropp_mult_distr_l, Rmult_comm. apply wide_opp, wide_times_bpow, Fy. }
      apply Rle_trans with (c * u ^ 2 * (M - u * M)); [|apply Rmult_le_compat_l; assumption].
      assert (4 * (u * (u * M)) <= c * (1 - u) * (u * (u * M))) by (apply Rmult_le_compat_r; lra). lra.
    + assert (I : M <= X).
      { apply Rle_trans with ((1 + u) * (1 - u / 2) * M).
        - rewrite <- (Rmult_1_l M) at 1. apply Rmult_le_compat_r; [lra|]. assert (u * u <= / 4 * u) by (apply Rmult_le_compat_r; lra). lra.
        - apply (product_least x y k k'); try lra. generalize (least p y k' Fy). lra. }
      apply Rle_trans with (c * u ^ 2 * M); [|apply Rmult_le_compat_l; assumption].
      assert (5 * (u * (u * M)) <= c * (u * (u * M))) by (apply Rmult_le_compat_r; lra). lra. }
destruct D as (D1 & D2). apply (finish p Hp1 c0 w _ _ _ (wide_fl p _) (wide_fl p _) D1 Ed). lra.
Qed.

(** With two: 4 u^2 for p >= 4. *)
Theorem times_3_bound c x y : 7 + u / 2 <= c * (2 - 3 * u + u ^ 2) -> 3 + u / 2 <= c * (1 - u) -> 4 <= c -> double_word p x -> double_word p y ->
  double_word p (times_3 p x y) /\ Rabs (value (times_3 p x y) - value x * value y) <= c * u ^ 2 * Rabs (value x * value y).
Proof.
intros C1 C2 C3 Dx Dy. prepare p Hp1 x y k k' c c0 Dx Dy M P Q H X. set (e := fst x * fst y - c0) in *.
set (m0 := fl (snd x * snd y)). set (m1 := fl (fst x * snd y + m0)). set (m2 := fl (snd x * fst y + m1)). set (w := fl (e + m2)).
set (e0 := m0 - snd x * snd y). set (e1 := m1 - (fst x * snd y + m0)). set (e2 := m2 - (snd x * fst y + m1)). set (e3 := w - (e + m2)).
assert (Ed : c0 + w - value x * value y = e0 + e1 + e2 + e3) by (unfold e3, e2, e1, e0, e, value; ring).
assert (Td : Rabs (e0 + e1 + e2 + e3) <= Rabs e0 + Rabs e1 + Rabs e2 + Rabs e3).
{ generalize (Rabs_triang (e0 + e1 + e2) e3) (Rabs_triang (e0 + e1) e2) (Rabs_triang e0 e1). lra. }
assert (Fm : wide p m2) by exact (wide_fl p _). assert (uuuM0 : 0 < u * (u * (u * M))) by (apply Rmult_lt_0_compat; lra).
assert (uuuM : u * (u * (u * M)) <= / 4 * (u * (u * M))) by (apply Rmult_le_compat_r; lra).
destruct (powers_of_two p (k + k' - p)) as (_ & _ & Buu & B2uu & _). rewrite Bu in Buu, B2uu.
assert (Buu2 : exists j, bpow radix2 j = u * (u * M) / 2).
{ exists (k + k' - p - p - 1)%Z. generalize (twice_bpow (k + k' - p - p - 1)). rewrite Z.sub_add, Buu. lra. }
destruct (below p (u * (u * M)) (snd x * snd y) (ex_intro _ _ Buu) Hll) as (He0 & Hm0). fold m0 e0 in He0, Hm0.
assert (Tm : Rabs (fst x * snd y + m0) <= Rabs (fst x * snd y) + Rabs m0) by apply Rabs_triang.
destruct (below p (2 * (u * M)) (fst x * snd y + m0) (ex_intro _ _ B2u) ltac:(lra)) as (He1' & _). fold m1 e1 in He1'.
assert (GP : grid (k + k' + 1 - p) P).
{ unfold P. apply (grid_mult (k + 1 - p) k'); [lia| |].
  - apply grid_of_wide; [apply wide_abs, Fx|]. rewrite Rabs_Rabsolu. apply Fx.
  - apply grid_is_multiples. exists 1%Z. ring. }
assert (GQ : grid (k + k' + 1 - p) Q).
{ unfold Q. apply (grid_mult (k' + 1 - p) k); [lia| |].
  - apply grid_of_wide; [apply wide_abs, Fy|]. rewrite Rabs_Rabsolu. apply Fy.
  - apply grid_is_multiples. exists 1%Z. ring. }
assert (uP0 : 0 <= u * P) by (apply Rmult_le_pos; lra).
(* |m1| <= u P + 2 u^2 M, which is a number. *)
assert (Hm1 : Rabs m1 <= u * P + 2 * (u * (u * M))).
{ apply wide_at_most; try exact Hp; [|lra]. apply (wide_of_grid p (k + k' - p + 1 - p)).
  - apply grid_plus; [|rewrite <- B2uu; apply grid_is_multiples; exists 1%Z; ring]. apply (grid_mult (- p) (k + k' + 1 - p)); [lia| |exact GP].
    apply grid_is_multiples. exists 1%Z. unfold Numbers.u. ring.
  - replace (p + (k + k' - p + 1 - p))%Z with (k + k' + 1 - p)%Z by ring. rewrite B2u, Rabs_pos_eq by lra. lra. }
assert (S : Rabs (snd x * fst y + m1) <= u * (P + Q) + 2 * (u * (u * M))) by (generalize (Rabs_triang (snd x * fst y) m1); lra).
assert (Tw : Rabs (e + m2) <= Rabs e + Rabs m2) by apply Rabs_triang.
assert (D : (c0 = 0 \/ Rabs w <= Rabs c0) /\ Rabs e0 + Rabs e1 + Rabs e2 + Rabs e3 <= c * u ^ 2 * X).
{ destruct (Rle_or_lt (2 * M) H) as [B|A].
  - destruct (below p (4 * (u * M)) (snd x * fst y + m1) (ex_intro _ _ B4u) ltac:(lra)) as (He2' & Hm2). fold m2 e2 in He2', Hm2.
    destruct (below p (8 * (u * M)) (e + m2) (ex_intro _ _ B8u) ltac:(lra)) as (He3' & Hw). fold w e3 in He3', Hw.
    split; [apply (low_enough p Hp1 M); [exact M0|left; now apply Hc2|lra]|].
    assert (I : (2 - 3 * u + u ^ 2) * M <= X) by (assert (u * H >= 0) by (apply Rle_ge, Rmult_le_pos; lra); assert ((1 - u) * (2 * M) <= (1 - u) * H) by (apply Rmult_le_compat_l; lra); lra).
    apply Rle_trans with ((7 + u / 2) * (u * (u * M))); [lra|]. apply Rle_trans with (c * u ^ 2 * ((2 - 3 * u + u ^ 2) * M)); [|apply Rmult_le_compat_l; assumption].
    assert ((7 + u / 2) * (u * (u * M)) <= c * (2 - 3 * u + u ^ 2) * (u * (u * M))) by (apply Rmult_le_compat_r; lra). lra.
  - specialize (He1 A). assert (PQ3 : P + Q + 2 * (u * M) <= 3 * M).
    { rewrite <- B2u. apply grid_gap; [now apply grid_plus| |lra]. apply (grid_finer (k + k')); [unfold Prec_gt_0 in Hp; lia|].
      apply grid_is_multiples. now exists 3%Z. }
    assert (Z : u * (P + Q) + 2 * (u * (u * M)) <= 3 * (u * M)) by (assert (u * (P + Q + 2 * (u * M)) <= u * (3 * M)) by (apply Rmult_le_compat_l; lra); lra).
    assert (W3 : Rabs m2 <= 3 * (u * M)) by (apply wide_at_most; [exact Hp|rewrite <- Bu; now apply wide_3|lra]).
    destruct (below p (4 * (u * M)) (e + m2) (ex_intro _ _ B4u) ltac:(lra)) as (He3' & Hw). fold w e3 in He3', Hw.
    split; [apply (low_enough p Hp1 M); [exact M0|right; split; assumption|lra]|].
    assert (G3 : Rabs e0 + Rabs e1 + Rabs e2 + Rabs e3 <= (3 + u / 2) * (u * (u * M)) -> Rabs e0 + Rabs e1 + Rabs e2 + Rabs e3 <= c * u ^ 2 * X).
    { intros G. apply Rle_trans with (1 := G). apply Rle_trans with (c * u ^ 2 * (M - u * M)); [|apply Rmult_le_compat_l; assumption].
      assert ((3 + u / 2) * (u * (u * M)) <= c * (1 - u) * (u * (u * M))) by (apply Rmult_le_compat_r; lra). lra. }
    destruct (Rle_or_lt (2 * (u * M)) (Rabs m2)) as [L|L].
    + assert (e3 = 0) as -> by (apply Rminus_diag_eq; unfold w, e; apply (last_sum_exact p Hp1 x y k k'); auto). rewrite Rabs_R0 in *. apply G3.
      destruct (below p (4 * (u * M)) (snd x * fst y + m1) (ex_intro _ _ B4u) ltac:(lra)) as (He2' & _). fold m2 e2 in He2'. lra.
    + assert (N : Rabs (snd x * fst y + m1) <= 2 * (u * M)).
      { apply Rnot_lt_le. intros N. apply (Rlt_not_le _ _ L). rewrite <- B2u. apply wide_at_least; [exact Hp|now apply wide_bpow|lra]. }
      destruct (below p (2 * (u * M)) (snd x * fst y + m1) (ex_intro _ _ B2u) N) as (He2' & _). fold m2 e2 in He2'.
      assert (uu4 : u * u <= / 4 * u) by (apply Rmult_le_compat_r; lra).
      (* (4 + u/2) u^2 M in all, or half of u^2 M less; the product is at least (1 + u) M, or at least M. *)
      assert (G4 : (1 + u) * M <= X \/ Rabs e1 <= u * (u * M) / 2 /\ M <= X -> Rabs e0 + Rabs e1 + Rabs e2 + Rabs e3 <= c * u ^ 2 * X).
      { assert (I4 : 4 * (u * (u * M)) <= c * (u * (u * M))) by (apply Rmult_le_compat_r; lra). intros [I|[I1 I]].
        - apply Rle_trans with (c * u ^ 2 * ((1 + u) * M)); [|apply Rmult_le_compat_l; assumption].
          assert (4 * (u * (u * M)) * (1 + u) <= c * (u * (u * M)) * (1 + u)) by (apply Rmult_le_compat_r; lra). lra.
        - apply Rle_trans with (c * u ^ 2 * M); [|apply Rmult_le_compat_l; assumption]. lra. }
      assert (R1 : M <= (1 - u / 2) * (1 + u) * M) by (rewrite <- (Rmult_1_l M) at 1; apply Rmult_le_compat_r; lra).
      assert (Lx := least p x k Fx). assert (Ly := least p y k' Fy).
      destruct (power_or_not p x k Fx) as [Nx|Nx], (power_or_not p y k' Fy) as [Ny|Ny].
      * (* Both high words are powers of two, and their product is exact: e = 0. *)
        assert (E : e = 0) by (unfold e, c0; rewrite fl_wide; [ring|]; apply (times_power_wide p _ _ k Nx), Fy).
        assert (E3 : e3 = 0) by (unfold e3, w; rewrite E, Rplus_0_l, fl_wide by exact Fm; ring). apply G3. rewrite E3, Rabs_R0. lra.
      * apply G4. destruct (half_or_whole p Hp1 x k Fx Nx) as [I|I].
        -- right. split; [|apply Rle_trans with (1 := R1), (product_least x y k k'); lra].
           assert (Rabs m0 <= u * (u * M) / 2).
           { apply below; [exact Hp|exact Buu2|]. rewrite Rabs_mult, EM. apply Rle_trans with (u * bpow radix2 k / 2 * (u * bpow radix2 k')); [|right; field].
             apply Rmult_le_compat; try apply Rabs_pos; [exact I|apply Fy]. }
           apply Rle_trans with (Rabs (fst x * snd y - (fst x * snd y + m0))); [|rewrite <- Rabs_Ropp; replace (- _) with m0 by ring; assumption].
           apply (round_N_pt radix2 (FLX_exp p) (fun n => negb (Z.even n))). apply (times_power_wide p _ _ k Nx), Fy.
        -- left. rewrite <- (Rmult_1_l (1 + u)). apply (product_least x y k k'); lra.
      * apply G4. destruct (half_or_whole p Hp1 y k' Fy Ny) as [I|I].
        -- right. split; [|apply Rle_trans with (1 := R1); rewrite (Rmult_comm (1 - u / 2)); apply (product_least x y k k'); lra].
           assert (Rabs m0 <= u * (u * M) / 2).
           { apply below; [exact Hp|exact Buu2|]. rewrite Rabs_mult, EM. apply Rle_trans with (u * bpow radix2 k * (u * bpow radix2 k' / 2)); [|right; field].
             apply Rmult_le_compat; try apply Rabs_pos; [apply Fx|exact I]. }
           assert (Rabs (fst x * snd y) <= u * P / 2).
           { rewrite Rabs_mult. apply Rle_trans with (Rabs (fst x) * (u * bpow radix2 k' / 2)); [|unfold P; right; field].
             apply Rmult_le_compat_l; [apply Rabs_pos|exact I]. }
           destruct (below p (u * M) (fst x * snd y + m0) (ex_intro _ _ Bu) ltac:(lra)) as (He1'' & _). exact He1''.
        -- left. rewrite <- (Rmult_1_r (1 + u)). apply (product_least x y k k'); lra.
      * apply G4. left. apply Rle_trans with ((1 + u) * (1 + u) * M); [|apply (product_least x y k k'); lra].
        apply Rmult_le_compat_r; [lra|]. assert (0 <= u * u) by (apply Rmult_le_pos; lra). lra. }
destruct D as (D1 & D2). apply (finish p Hp1 c0 w _ _ _ (wide_fl p _) (wide_fl p _) D1 Ed). lra.
Qed.

Theorem times_2_constants : errs_at_most p (times_2 p) 7 /\ ((3 <= p)%Z -> errs_at_most p (times_2 p) 5).
Proof.
assert (u4 := u_le_quarter p Hp1). split; [|intros H; assert (U := u_at_most p 3 H); simpl in U].
- intros x y Dx Dy. apply times_2_bound; try assumption; [apply least_product with (/ 4)| |]; lra.
- intros x y Dx Dy. apply times_2_bound; try assumption; [apply least_product with (/ 8)| |]; lra.
Qed.

Theorem times_3_constants : errs_at_most p (times_3 p) 6 /\ ((3 <= p)%Z -> errs_at_most p (times_3 p) 5) /\ ((4 <= p)%Z -> errs_at_most p (times_3 p) 4).
Proof.
assert (u4 := u_le_quarter p Hp1). split; [|split; intros H; [assert (U := u_at_most p 3 H)|assert (U := u_at_most p 4 H)]; simpl in U].
- intros x y Dx Dy. apply times_3_bound; try assumption; [apply least_product with (/ 4)| |]; lra.
- intros x y Dx Dy. apply times_3_bound; try assumption; [apply least_product with (/ 8)| |]; lra.
- intros x y Dx Dy. apply times_3_bound; try assumption; [apply least_product with (/ 16)| |]; lra.
Qed.
End Products.
