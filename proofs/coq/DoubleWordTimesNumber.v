(* SPDX-License-Identifier: Apache-2.0 *)
(** A double word times a number, for p > 1: error at most 3/2 u^2 + 4 u^3, 3 u^2, and 2 u^2 with a fused multiply-add.
    Bounds dw.timesfp1, dw.timesfp2 and dw.timesfp3. Algorithms 7, 8 and 9 of Joldes, Muller and Popescu (2017). *)
From Fmtlab Require Import Numbers Sums DoubleWord.

Section Products.
Variable p : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Notation fl := (wide_nearest p).
Notation u := (u p).

Definition times_number_1 x y := let c := two_product_of fl (fst x) y in let t := fast_two_sum_of fl (fst c) (fl (snd x * y)) in
  fast_two_sum_of fl (fst t) (fl (snd t + snd c)).
Definition times_number_2 x y := let c := two_product_of fl (fst x) y in fast_two_sum_of fl (fst c) (fl (snd c + fl (snd x * y))).
Definition times_number_3 x y := let c := two_product_of fl (fst x) y in fast_two_sum_of fl (fst c) (fl (snd x * y + snd c)).

(** What the words and the errors of a product are at most, relative to the product X. *)
Lemma product_parts x y (X := Rabs (value x * y)) (v := u / (1 + u)) : double_word p x ->
  Rabs (snd x * y) <= v * X /\ (1 - v) * X <= Rabs (fst x * y) /\ Rabs (fst x * y - fl (fst x * y)) <= v * ((1 + v) * X)
  /\ (1 - v) * ((1 - v) * X) <= Rabs (fl (fst x * y)).
Proof.
intros D. assert (L := high_word_relative p x D). fold v in L. destruct (v_small p Hp1) as ((v0 & v5) & _). fold v in v0, v5.
assert (E := wide_error p (fst x * y)). fold v in E. assert (Ly : Rabs (snd x * y) <= v * X).
{ unfold X. rewrite !Rabs_mult, <- Rmult_assoc. apply Rmult_le_compat_r; [apply Rabs_pos|exact L]. }
assert (A : X - Rabs (snd x * y) <= Rabs (fst x * y)).
{ unfold X. rewrite <- (Rabs_Ropp (snd x * y)). eapply Rle_trans; [apply abs_minus|]. right. f_equal. unfold value. ring. }
assert (B : Rabs (fst x * y) <= X + Rabs (snd x * y)).
{ unfold X. rewrite <- (Rabs_Ropp (snd x * y)). eapply Rle_trans; [|apply Rabs_triang]. right. f_equal. unfold value. ring. }
assert (C : Rabs (fst x * y) - Rabs (fl (fst x * y) - fst x * y) <= Rabs (fl (fst x * y))).
{ eapply Rle_trans; [apply abs_minus|]. right. f_equal. ring. }
rewrite (Rabs_minus_sym (fst x * y)). assert (v * Rabs (fst x * y) <= v * ((1 + v) * X)) by (apply Rmult_le_compat_l; lra).
assert ((1 - v) * ((1 - v) * X) <= (1 - v) * Rabs (fst x * y)) by (apply Rmult_le_compat_l; lra). repeat split; lra.
Qed.

(** |fl(x) - x| <= v B for |x| <= B, and |fl(x)| <= (1 + v) B. *)
Lemma rounded x B (v := u / (1 + u)) : Rabs x <= B -> Rabs (fl x - x) <= v * B /\ Rabs (fl x) <= (1 + v) * B.
Proof.
intros H. assert (E := wide_error p x). fold v in E. destruct (v_small p Hp1) as ((v0 & _) & _). fold v in v0.
assert (v * Rabs x <= v * B) by (apply Rmult_le_compat_l; lra).
assert (Rabs (fl x) <= Rabs x + Rabs (fl x - x)) by (eapply Rle_trans; [|apply Rabs_triang]; right; f_equal; ring). lra.
Qed.

Theorem times_number_2_bound x y : double_word p x -> wide p y ->
  double_word p (times_number_2 x y) /\ Rabs (value (times_number_2 x y) - value x * y) <= 3 * u ^ 2 * Rabs (value x * y).
Proof.
intros D Fy. destruct (product_parts x y D) as (P1 & P2 & P3 & P4). destruct D as (Fh & Fl & _). set (X := Rabs (value x * y)) in *.
unfold times_number_2. cbv zeta. rewrite two_product_exact by assumption. simpl fst. simpl snd.
set (c := fl (fst x * y)) in *. set (e := fst x * y - c) in *. destruct (rounded _ _ P1) as (Q1 & Q2). set (m := fl (snd x * y)) in *.
destruct (v_small p Hp1) as ((v0 & v5) & vu & vE). set (v := u / (1 + u)) in *. assert (X0 : 0 <= X) by apply Rabs_pos. assert (u0 := u_pos p).
assert (S : Rabs (e + m) <= 2 * v * (1 + v) * X) by (generalize (Rabs_triang e m); lra).
destruct (rounded _ _ S) as (R1 & R2). fold v in R1, R2. set (w := fl (e + m)) in *.
assert (C : Rabs w <= Rabs c).
{ assert ((1 + v) * (2 * v * (1 + v)) <= (1 - v) * (1 - v)) by nra.
  assert ((1 + v) * (2 * v * (1 + v)) * X <= (1 - v) * (1 - v) * X) by (apply Rmult_le_compat_r; assumption). lra. }
destruct (normalised p Hp1 c w (wide_fl p _) (wide_fl p _) (or_intror C)) as [D ->]. split; [exact D|].
replace (c + w - value x * y) with ((w - (e + m)) + (m - snd x * y)) by (unfold e, value; ring). apply Rle_trans with (1 := Rabs_triang _ _).
assert (v * v * (3 + 2 * v) * X <= 3 * u ^ 2 * X); [|lra]. apply Rmult_le_compat_r; [exact X0|]. rewrite <- vE. clear - v0 u0 vu. nra.
Qed.

Theorem times_number_3_bound x y : double_word p x -> wide p y ->
  double_word p (times_number_3 x y) /\ Rabs (value (times_number_3 x y) - value x * y) <= 2 * u ^ 2 * Rabs (value x * y).
Proof.
intros D Fy. destruct (product_parts x y D) as (P1 & P2 & P3 & P4). destruct D as (Fh & Fl & _). set (X := Rabs (value x * y)) in *.
unfold times_number_3. cbv zeta. rewrite two_product_exact by assumption. simpl fst. simpl snd.
set (c := fl (fst x * y)) in *. set (e := fst x * y - c) in *.
destruct (v_small p Hp1) as ((v0 & v5) & vu & vE). set (v := u / (1 + u)) in *. assert (X0 : 0 <= X) by apply Rabs_pos. assert (u0 := u_pos p).
assert (S : Rabs (snd x * y + e) <= v * (2 + v) * X) by (generalize (Rabs_triang (snd x * y) e); lra).
destruct (rounded _ _ S) as (R1 & R2). fold v in R1, R2. set (w := fl (snd x * y + e)) in *.
assert (C : Rabs w <= Rabs c).
{ assert ((1 + v) * (v * (2 + v)) <= (1 - v) * (1 - v)) by nra.
  assert ((1 + v) * (v * (2 + v)) * X <= (1 - v) * (1 - v) * X) by (apply Rmult_le_compat_r; assumption). lra. }
destruct (normalised p Hp1 c w (wide_fl p _) (wide_fl p _) (or_intror C)) as [D ->]. split; [exact D|].
replace (c + w - value x * y) with (w - (snd x * y + e)) by (unfold e, value; ring).
assert (v * v * (2 + v) * X <= 2 * u ^ 2 * X); [|lra]. apply Rmult_le_compat_r; [exact X0|]. rewrite <- vE. clear - v0 u0 vu. nra.
Qed.

Lemma zero_product x y : double_word p x -> fst x = 0 \/ y = 0 -> fst x * y = 0 /\ snd x * y = 0 /\ value x * y = 0.
Proof. intros D [H| ->]; [|repeat split; ring]. unfold value. rewrite (high_word_0 p x D H), H. repeat split; ring. Qed.

Theorem times_number_1_bound x y : double_word p x -> wide p y ->
  double_word p (times_number_1 x y) /\ Rabs (value (times_number_1 x y) - value x * y) <= (3 / 2 * u ^ 2 + 4 * u ^ 3) * Rabs (value x * y).
Proof.
intros Dx Fy. destruct (Dx) as (Fh & Fl & _). unfold times_number_1. cbv zeta. rewrite two_product_exact by assumption. cbn [fst snd].
destruct (Req_dec (fst x) 0) as [Zx|Zx]; [|destruct (Req_dec y 0) as [Zy|Zy]].
1, 2: destruct (zero_product x y Dx ltac:(tauto)) as (Z1 & Z2 & ->); rewrite Z1, Z2, (fl_0 p), (fast_two_sum_0 p); cbn [fst snd];
  rewrite Rminus_0_r, Rplus_0_r, (fl_0 p), (fast_two_sum_0 p); split; [apply (double_word_0 p)|]; unfold value; cbn [fst snd]; rewrite Rplus_0_r, Rminus_0_r, Rabs_R0; lra.
set (c := fl (fst x * y)). set (e := fst x * y - c). set (m := fl (snd x * y)).
assert (Fc : wide p c) by exact (wide_fl p _). assert (Fm : wide p m) by exact (wide_fl p _). assert (u0 := u_pos p). assert (u4 := u_le_quarter p Hp1).
destruct (low_word p x Dx Zx) as (k & [Ha Ha'] & _ & Hl & Hx). set (a := bpow radix2 k) in *.
destruct (leading p y Fy Zy) as (k' & [Hb Hb'] & _). set (b := bpow radix2 k') in *.
assert (a0 : 0 < a) by apply bpow_gt_0. assert (b0 : 0 < b) by apply bpow_gt_0.
set (K := (k + k')%Z). set (M := bpow radix2 K). assert (EM : M = a * b) by apply bpow_plus. assert (M0 : 0 < M) by apply bpow_gt_0.
destruct (powers_of_two p K) as (B1 & B2 & Bu & B2u & B4u & _). fold M in B1, B2, Bu, B2u, B4u.
assert (uM : 0 < u * M) by now apply Rmult_lt_0_compat. assert (uM4 : u * M <= / 4 * M) by (apply Rmult_le_compat_r; lra).
assert (uuM : 0 < u * (u * M)) by now apply Rmult_lt_0_compat. assert (uuM4 : u * (u * M) <= / 4 * (u * M)) by (apply Rmult_le_compat_r; lra).
assert (HM : M <= Rabs (fst x * y)) by (rewrite EM, Rabs_mult; apply Rmult_le_compat; lra).
assert (Hly : Rabs (snd x * y) <= 2 * (u * M) - 2 * u * (u * M)).
{ rewrite EM, Rabs_mult. apply Rle_trans with (u * a * (2 * b - 2 * u * b)); [|right; ring]. apply Rmult_le_compat; lra || apply Rabs_pos. }
assert (Hxy : M - u * M / 2 <= Rabs (value x * y)).
{ rewrite EM, Rabs_mult. apply Rle_trans with ((a - u * a / 2) * b); [right; field|]. apply Rmult_le_compat; lra. }
(* What is lost: e1 by the low product, and e2 by the sum of the two low words. *)
set (X := Rabs (value x * y)) in *. set (t := fl (c + m)). set (r := c + m - t). set (w := fl (r + e)). set (e1 := m - snd x * y). set (e2 := w - (r + e)).
assert (Ft : wide p t) by exact (wide_fl p _). assert (Fw : wide p w) by exact (wide_fl p _).
destruct (below p (2 * (u * M)) (snd x * y) (ex_intro _ _ B2u) ltac:(lra)) as (He1 & Hm). fold m e1 in He1, Hm.
assert (Hc : M <= Rabs c) by (apply wide_at_least; [exact Hp|now apply wide_bpow|exact HM]).
rewrite (fast_two_sum_exact p Hp1 c m Fc Fm) by lra. cbn [fst snd]. fold t r.
assert (Et : t + w - value x * y = e2 + e1) by (unfold e2, e1, r, e, value; ring).
assert (T12 : Rabs (e2 + e1) <= Rabs e2 + Rabs e1) by apply Rabs_triang.
assert (Tcm : Rabs c - Rabs m <= Rabs (c + m)) by apply abs_minus.
assert (Q : exists j, bpow radix2 j = M / 2) by (exists (K - 1)%Z; generalize (twice_bpow (K - 1)); rewrite Z.sub_add; fold M; lra).
assert (Ht2 : M / 2 <= Rabs t) by (destruct Q as (j & Q); rewrite <- Q; apply wide_at_least; [exact Hp|now apply wide_bpow|]; lra).
assert (z1 : 0 < u * (u * (u * M))) by now apply Rmult_lt_0_compat.
assert (z2 : u * (u * (u * (u * M))) <= / 4 * (u * (u * (u * M)))) by (apply Rmult_le_compat_r; lra).
assert (z3 : u * (u * (u * (u * (u * M)))) <= / 4 * (u * (u * (u * (u * M))))) by (apply Rmult_le_compat_r; [repeat apply Rmult_le_pos|]; lra).
assert (F0 : 0 <= 3 / 2 * u ^ 2 + 4 * u ^ 3) by (assert (0 <= u ^ 2) by (apply pow_le; lra); assert (0 <= u ^ 3) by (apply pow_le; lra); lra).
assert (End : forall L, L <= X -> Rabs e2 + Rabs e1 <= (3 / 2 * u ^ 2 + 4 * u ^ 3) * L -> Rabs (e2 + e1) <= (3 / 2 * u ^ 2 + 4 * u ^ 3) * X).
{ intros L HL H. apply Rle_trans with (1 := T12), Rle_trans with (1 := H). now apply Rmult_le_compat_l. }
assert (Te : Rabs c <= Rabs (fst x * y) + Rabs e).
{ rewrite <- (Rabs_Ropp e). eapply Rle_trans; [|apply Rabs_triang]. right. f_equal. unfold e. ring. }
assert (Tr : Rabs (r + e) <= Rabs r + Rabs e) by apply Rabs_triang.
destruct (Rle_or_lt (2 * M) (Rabs (fst x * y))) as [B|A].
- assert (HH : Rabs (fst x * y) <= 4 * M - 8 * (u * M) + 4 * u * (u * M)).
  { rewrite EM, Rabs_mult. apply Rle_trans with ((2 * a - 2 * u * a) * (2 * b - 2 * u * b)); [|right; ring]. apply Rmult_le_compat; lra || apply Rabs_pos. }
  destruct (below p (4 * M) (fst x * y) (ex_intro _ _ B2) ltac:(lra)) as (He & _). fold c in He. rewrite Rabs_minus_sym in He. fold e in He.
  assert (Hc2 : 2 * M <= Rabs c) by (rewrite <- B1; apply wide_at_least; [exact Hp|now apply wide_bpow|lra]).
  destruct (below p (4 * M) (c + m) (ex_intro _ _ B2) ltac:(generalize (Rabs_triang c m); lra)) as (Hr & _). fold t in Hr. rewrite Rabs_minus_sym in Hr. fold r in Hr.
  destruct (below p (4 * (u * M)) (r + e) (ex_intro _ _ B4u) ltac:(lra)) as (H2 & Hw). fold w e2 in H2, Hw.
  assert (Ht : M <= Rabs t) by (apply wide_at_least; [exact Hp|now apply wide_bpow|lra]).
  apply (finish p Hp1 t w _ _ _ Ft Fw ltac:(right; lra) Et), (End (2 * M - 2 * (u * M))); [|lra].
  assert (Rabs (fst x * y) - Rabs (snd x * y) <= X); [|lra]. apply Rle_trans with (1 := abs_minus _ _). right. unfold X, value. f_equal. ring.
- destruct (below p (2 * M) (fst x * y) (ex_intro _ _ B1) ltac:(lra)) as (He & Hc'). fold c in He, Hc'. rewrite Rabs_minus_sym in He. fold e in He.
  destruct (Rle_or_lt (Rabs (c + m)) (2 * M)) as [Hcm|Hcm].
  + destruct (below p (2 * M) (c + m) (ex_intro _ _ B1) Hcm) as (Hr & _). fold t in Hr. rewrite Rabs_minus_sym in Hr. fold r in Hr.
    destruct (below p (2 * (u * M)) (r + e) (ex_intro _ _ B2u) ltac:(lra)) as (H2 & Hw). fold w e2 in H2, Hw.
    apply (finish p Hp1 t w _ _ _ Ft Fw ltac:(right; lra) Et), (End (M - u * M / 2)); [exact Hxy|].
    destruct (Rle_or_lt (u * M) (Rabs m)) as [Hm1|Hm1].
    * (* All is a multiple of 2 u^2 M, and the sum is exact. *)
      assert (e2 = 0); [|rewrite H, Rabs_R0; lra]. unfold e2, w. apply Rminus_diag_eq, fl_wide. apply (wide_of_grid p (K + 1 - p - p)).
      { assert (Gm : grid (K + 1 - p - p) m) by (replace (K + 1 - p - p)%Z with (K - p + 1 - p)%Z by ring; apply grid_of_wide; [exact Fm|now rewrite Bu]).
        assert (G : forall j z, (K + 1 - p - p <= j)%Z -> grid j z -> grid (K + 1 - p - p) z) by (intros j z; apply grid_finer).
        assert (Gc : grid (K + 1 - p - p) c) by (apply (G (K + 1 - p)%Z); [unfold Prec_gt_0 in Hp; lia|now apply grid_of_wide]).
        assert (Gh : grid (K + 1 - p - p) (fst x * y)).
        { apply (grid_mult (k + 1 - p) (k' + 1 - p)); [unfold K; lia|now apply grid_of_wide|now apply grid_of_wide]. }
        assert (Gt : grid (K + 1 - p - p) t).
        { destruct Q as (j & Q). assert (j = (K - 1)%Z) as -> by (apply (bpow_inj radix2); rewrite Q; generalize (twice_bpow (K - 1)); rewrite Z.sub_add; fold M; lra).
          apply (G (K - 1 + 1 - p)%Z); [unfold Prec_gt_0 in Hp; lia|]. apply grid_of_wide; [exact Ft|now rewrite Q]. }
        unfold r, e, Rminus. repeat apply grid_plus; try apply grid_opp; assumption. }
      replace (p + (K + 1 - p - p))%Z with (K + 1 - p)%Z by ring. rewrite B2u. lra.
    * (* The low product is less than u M. *)
      assert (Rabs (snd x * y) <= u * M).
      { apply Rnot_lt_le. intros H. apply Rlt_not_le in Hm1. apply Hm1. rewrite <- Bu in *. apply wide_at_least; [exact Hp|now apply wide_bpow|lra]. }
      destruct (below p (u * M) (snd x * y) (ex_intro _ _ Bu) ltac:(assumption)) as (He1' & _). fold m e1 in He1'. lra.
  + (* The product is almost 2 M. *)
    assert (Hr : Rabs r <= Rabs m).
    { unfold r. rewrite Rabs_minus_sym. apply Rle_trans with (Rabs (c - (c + m))); [now apply (round_N_pt radix2 (FLX_exp p) (fun n => negb (Z.even n)) (c + m))|]. right. rewrite <- (Rabs_Ropp m). f_equal. ring. }
    destruct (below p (4 * (u * M)) (r + e) (ex_intro _ _ B4u) ltac:(lra)) as (H2 & Hw). fold w e2 in H2, Hw.
    assert (Ht : M <= Rabs t) by (apply wide_at_least; [exact Hp|now apply wide_bpow|lra]).
    apply (finish p Hp1 t w _ _ _ Ft Fw ltac:(right; lra) Et), (End (2 * M - u * M - u * (u * M))); [|lra].
    assert (Rabs (c + m) - Rabs (e - e1) <= X).
    { apply Rle_trans with (1 := abs_minus _ _). right. unfold X. f_equal. unfold e1, e, value. ring. }
    assert (Rabs (e - e1) <= Rabs e + Rabs e1) by (unfold Rminus; rewrite <- (Rabs_Ropp e1); apply Rabs_triang). lra.
Qed.
End Products.
