(* SPDX-License-Identifier: Apache-2.0 *)
(** An accumulator plus an exact product, through a wider format: what the vector kernels do. *)
From Fmtlab Require Import Numbers DoubleRounding DoubleWord.

(** Rounding twice is right wherever the first rounding does not move a number to the middle between two numbers of the narrower format. *)
Definition middle p e x := (rounding Zfloor p e x + rounding Zceil p e x) / 2.

Lemma twice_if_not_to_middle p e P E tie tie' x : Prec_gt_0 p -> Prec_gt_0 P -> (p < P)%Z -> (E < e)%Z ->
  (nearest tie' P E x = middle p e x -> x = middle p e x) -> nearest tie p e (nearest tie' P E x) = nearest tie p e x.
Proof.
intros Hp HP L1 L2. unfold middle. set (d := rounding Zfloor p e x). set (w := rounding Zceil p e x). intros H. destruct (generic_format_EM radix2 (FLT_exp e p) x) as [F|F].
{ rewrite (round_generic radix2 (FLT_exp E P) (Znearest tie') x); [reflexivity|]. apply (format_widens p e); [lia|lia|exact F]. }
assert (N := round_DN_UP_lt radix2 (FLT_exp e p) x F). fold d w in N.
assert (Fd : format p e d) by (apply generic_format_round; typeclasses eauto). assert (Fw : format p e w) by (apply generic_format_round; typeclasses eauto).
assert (Wd : format P E d) by (apply (format_widens p e); [lia|lia|exact Fd]). assert (Ww : format P E w) by (apply (format_widens p e); [lia|lia|exact Fw]).
(* The middle is a number of the wider format. *)
assert (G : w - d = bpow radix2 (cexp radix2 (FLT_exp e p) x)).
{ unfold w, d. rewrite round_UP_DN_ulp, ulp_neq_0; [ring| |exact F]. intros Z. apply F. rewrite Z. apply generic_format_0. }
set (c := cexp radix2 (FLT_exp e p) x) in *. set (mid := (d + w) / 2) in *. set (y := nearest tie' P E x) in *.
assert (Ed : d = F2R (Float radix2 (Zfloor (scaled_mantissa radix2 (FLT_exp e p) x)) c)) by reflexivity. set (k := Zfloor _) in Ed.
assert (T := twice_bpow (c - 1)). rewrite Z.sub_add in T.
assert (Em : mid = IZR (2 * k + 1) * bpow radix2 (c - 1)).
{ unfold mid. replace w with (d + bpow radix2 c) by lra. rewrite Ed. unfold F2R. cbn [Fnum Fexp]. rewrite plus_IZR, mult_IZR, <- T. field. }
assert (Wm : format P E mid).
{ apply (format_widens (p + 1) (e - 1)); [lia|lia|]. rewrite Em. apply generic_format_FLT. exists (Float radix2 (2 * k + 1) (c - 1)); [reflexivity| |].
  - cbn [Fnum]. assert (B : (- 2 ^ p <= k < 2 ^ p)%Z).
    { assert (C : (mag radix2 x - p <= c)%Z) by (unfold c, cexp, FLT_exp; lia). assert (Hx := bpow_mag_gt radix2 x).
      assert (K : Rabs (scaled_mantissa radix2 (FLT_exp e p) x) < IZR (2 ^ p)).
      { unfold scaled_mantissa. fold c. rewrite Rabs_mult, (Rabs_pos_eq (bpow _ _)) by apply bpow_ge_0. change 2%Z with (radix_val radix2). rewrite IZR_Zpower by (unfold Prec_gt_0 in Hp; lia).
        apply Rmult_lt_reg_r with (bpow radix2 c); [apply bpow_gt_0|]. rewrite Rmult_assoc, <- !bpow_plus. replace (- c + c)%Z with 0%Z by ring. rewrite Rmult_1_r.
        apply Rlt_le_trans with (1 := Hx), bpow_le. lia. }
      apply Rabs_lt_inv in K. assert (Lb := Zfloor_lb (scaled_mantissa radix2 (FLT_exp e p) x)). assert (Ub := Zfloor_ub (scaled_mantissa radix2 (FLT_exp e p) x)). fold k in Lb, Ub.
      assert (K1 : IZR k < IZR (2 ^ p)) by lra. apply lt_IZR in K1. assert (K2 : IZR (- 2 ^ p) < IZR (k + 1)) by (rewrite opp_IZR, plus_IZR; lra). apply lt_IZR in K2.
      lia. }
    change (radix_val radix2) with 2%Z. rewrite Z.pow_add_r by (unfold Prec_gt_0 in Hp; lia). lia.
  - cbn [Fexp]. unfold c, cexp, FLT_exp. lia. }
assert (Yd : d <= y) by (apply round_ge_generic; try typeclasses eauto; [exact Wd|lra]). assert (Yw : y <= w) by (apply round_le_generic; try typeclasses eauto; [exact Ww|lra]).
assert (Between : forall g, format p e g -> g <= d \/ w <= g).
{ intros g Fg. destruct (Rle_or_lt g x) as [I|I]; [left|right].
  - apply round_ge_generic; try typeclasses eauto; assumption.
  - apply round_le_generic; try typeclasses eauto; [exact Fg|lra]. }
assert (Low : forall z, d <= z < mid -> nearest tie p e z = d).
{ intros z Hz. destruct (Req_dec z d) as [->|Nz]; [apply round_generic; [typeclasses eauto|exact Fd]|].
  apply (round_N_eq_DN_pt radix2 (FLT_exp e p) tie z d w).
  - repeat split; [exact Fd|lra|]. intros g Fg Hg. destruct (Between g Fg); [assumption|]. unfold mid in Hz. lra.
  - repeat split; [exact Fw|unfold mid in Hz; lra|]. intros g Fg Hg. destruct (Between g Fg); [lra|assumption].
  - exact (proj2 Hz). }
assert (High : forall z, mid < z <= w -> nearest tie p e z = w).
{ intros z Hz. destruct (Req_dec z w) as [->|Nz]; [apply round_generic; [typeclasses eauto|exact Fw]|].
  apply (round_N_eq_UP_pt radix2 (FLT_exp e p) tie z d w).
  - repeat split; [exact Fd|unfold mid in Hz; lra|]. intros g Fg Hg. destruct (Between g Fg); [assumption|]. lra.
  - repeat split; [exact Fw|lra|]. intros g Fg Hg. destruct (Between g Fg); [unfold mid in Hz; lra|assumption].
  - exact (proj1 Hz). }
destruct (Rtotal_order x mid) as [I|[I|I]].
- assert (y <= mid) by (apply round_le_generic; try typeclasses eauto; [exact Wm|lra]). assert (y <> mid) by (intros Z; specialize (H Z); lra).
  rewrite (Low y), (Low x) by lra. reflexivity.
- unfold y. rewrite (round_generic radix2 (FLT_exp E P) (Znearest tie') x); [reflexivity|]. now rewrite I.
- assert (mid <= y) by (apply round_ge_generic; try typeclasses eauto; [exact Wm|lra]). assert (y <> mid) by (intros Z; specialize (H Z); lra).
  rewrite (High y), (High x) by lra. reflexivity.
Qed.

(** s of F(p, e) and b of m bits (m = 2 p' for a product of numbers of p' bits), multiples of 2^L both, |b| < 2^(L + P) or m <= p and 2 p + 1 <= P: rounding
    s + b to F(P, E) first changes nothing if m + p + 1 <= P, E <= L and E < e. *)
Theorem accumulate_through_carrier p e P E m L tie tie' s b : Prec_gt_0 p -> (0 < m)%Z -> (m + p + 1 <= P)%Z -> (E <= L)%Z -> (E < e)%Z ->
  format p e s -> grid L s -> generic_format radix2 (FLX_exp m) b -> grid L b ->
  Rabs b < bpow radix2 (L + P) \/ (m <= p /\ 2 * p + 1 <= P)%Z -> nearest tie p e (nearest tie' P E (s + b)) = nearest tie p e (s + b).
Proof.
intros Hp Hm HP HE He Fs Gs Fb Gb Hb. assert (Hm' : Prec_gt_0 m) by exact Hm. assert (HP' : Prec_gt_0 P) by (unfold Prec_gt_0 in *; lia).
assert (p0 : (0 < p)%Z) by exact Hp. assert (Ws := format_is_wide p e s Fs). set (x := s + b).
assert (Gx : grid L x) by now apply grid_plus.
apply twice_if_not_to_middle; try assumption; [lia|]. set (mid := middle p e x). intros Y.
destruct (Req_dec x mid) as [Q|Q]; [exact Q|exfalso].
assert (NF : ~ format P E x) by (intros F; apply Q; rewrite <- Y; symmetry; apply round_generic; [typeclasses eauto|exact F]).
assert (NF1 : ~ format p e x) by (intros F; apply NF, (format_widens p e); [lia|lia|exact F]).
assert (X0 : x <> 0) by (intros Z; apply NF; rewrite Z; apply generic_format_0).
set (M := mag radix2 x : Z). assert (Hx : bpow radix2 (M - 1) <= Rabs x < bpow radix2 M) by (split; [now apply bpow_mag_le|apply bpow_mag_gt]).
assert (Fits : forall g, (L <= g)%Z -> grid g x -> bpow radix2 (g + P) < Rabs x).
{ intros g Hg G. apply Rnot_le_lt. intros I. apply NF, (grid_exact P E g); [lia|exact G|now rewrite Z.add_comm]. }
assert (ML : (L + P < M)%Z) by (apply (lt_bpow radix2), Rlt_trans with (Rabs x); [apply Fits; [lia|exact Gx]|apply Hx]).
(* The middle, on a grid of half the spacing, and how near it x is. *)
set (c := cexp radix2 (FLT_exp e p) x). assert (Hc : c = Z.max (M - p) e) by reflexivity.
assert (T := twice_bpow (c - 1)). rewrite Z.sub_add in T.
set (k := Zfloor (scaled_mantissa radix2 (FLT_exp e p) x)). assert (Ed : rounding Zfloor p e x = IZR k * bpow radix2 c) by reflexivity.
assert (Ew : rounding Zceil p e x = rounding Zfloor p e x + bpow radix2 c).
{ generalize (round_UP_DN_ulp radix2 (FLT_exp e p) x NF1). rewrite ulp_neq_0 by exact X0. fold c. lra. }
assert (Em : mid = IZR (2 * k + 1) * bpow radix2 (c - 1)) by (unfold mid, middle; rewrite Ew, Ed, plus_IZR, mult_IZR, <- T; field).
assert (Gm : grid (c - 1) mid) by (apply grid_is_multiples; eexists; exact Em).
assert (Nm : ~ format p e mid).
{ intros F. assert (I := round_DN_UP_lt radix2 (FLT_exp e p) x NF1). assert (B := bpow_gt_0 radix2 c).
  assert (EM : mid = rounding Zfloor p e x + bpow radix2 c / 2) by (unfold mid, middle; rewrite Ew; field). rewrite Ew in I.
  destruct (Rle_or_lt mid x) as [J|J].
  - assert (mid <= rounding Zfloor p e x) by (apply round_ge_generic; try typeclasses eauto; assumption). lra.
  - assert (rounding Zceil p e x <= mid) by (apply round_le_generic; try typeclasses eauto; [exact F|lra]). rewrite Ew in *. lra. }
assert (D : Rabs (x - mid) <= bpow radix2 (M - P - 1)).
{ rewrite <- Y, Rabs_minus_sym. eapply Rle_trans; [apply error_le_half_ulp; typeclasses eauto|]. rewrite ulp_neq_0 by exact X0.
  replace (cexp radix2 (FLT_exp E P) x) with (M - P)%Z by (unfold cexp, FLT_exp; fold M; lia).
  generalize (twice_bpow (M - P - 1)). rewrite Z.sub_add. lra. }
destruct (generic_format_EM radix2 (FIX_exp (c - 1)) s) as [Gs1|NG].
- (* s is on the grid of the middle: so b is near a multiple of it, but not at it, for which it has too few bits. *)
  assert (GN : grid (c - 1) (mid - s)) by (apply grid_plus; [exact Gm|now apply grid_opp]).
  assert (N0 : mid - s <> 0) by (intros Z; apply Nm; replace mid with s by lra; exact Fs).
  assert (N1 : bpow radix2 (c - 1) <= Rabs (mid - s)).
  { generalize (grid_gap (c - 1) 0 (Rabs (mid - s)) (grid_0 _) (generic_format_abs _ _ _ GN) (Rabs_pos_lt _ N0)). lra. }
  assert (Small : bpow radix2 (M - P - 1) <= bpow radix2 (c - 2)) by (apply bpow_le; lia). assert (T2 := twice_bpow (c - 2)). replace (c - 2 + 1)%Z with (c - 1)%Z in T2 by ring.
  assert (B1 : bpow radix2 (c - 2) <= Rabs b).
  { generalize (abs_minus (mid - s) (x - mid)). replace (mid - s + (x - mid)) with b by (unfold x; ring). lra. }
  assert (Gb1 : grid (c - 2 + 1 - m) b) by (apply grid_of_wide; assumption).
  assert (GD : grid (c - 2 + 1 - m) (x - mid)).
  { replace (x - mid) with (b + - (mid - s)) by (unfold x; ring). apply grid_plus; [exact Gb1|]. apply grid_opp, (grid_finer (c - 1)); [lia|exact GN]. }
  assert (N2 : bpow radix2 (c - 2 + 1 - m) <= Rabs (x - mid)).
  { generalize (grid_gap _ 0 (Rabs (x - mid)) (grid_0 _) (generic_format_abs _ _ _ GD) (Rabs_pos_lt _ (Rminus_eq_contra _ _ Q))). lra. }
  assert (bpow radix2 (M - P - 1) < bpow radix2 (c - 2 + 1 - m)) by (apply bpow_lt; lia). lra.
- (* s is small, so b is large, and their sum has few bits. *)
  assert (S : Rabs s < bpow radix2 (c - 2 + p)).
  { apply Rnot_le_lt. intros I. apply NG. replace (c - 1)%Z with (c - 2 + p + 1 - p)%Z by ring. now apply grid_of_wide. }
  assert (Hc' : c = (M - p)%Z).
  { assert (e < c)%Z; [|lia]. apply Z.nle_gt. intros I. apply NG, (grid_finer e); [lia|now apply (format_on_grid p)]. }
  replace (c - 2 + p)%Z with (M - 2)%Z in S by lia. assert (T1 := twice_bpow (M - 2)). replace (M - 2 + 1)%Z with (M - 1)%Z in T1 by ring.
  assert (B1 : bpow radix2 (M - 2) <= Rabs b) by (generalize (Rabs_triang s b); fold x; lra).
  assert (Gb2 : grid (M - 2 + 1 - m) b) by now apply grid_of_wide.
  destruct Hb as [Hb|(Hmp & HpP)].
  2:{ (* b is on the grid of the middle, and s near a multiple of it, for which it has too few bits. *)
    assert (Gb3 : grid (c - 1) b) by (apply (grid_finer (M - 2 + 1 - m)); [lia|exact Gb2]).
    assert (GN : grid (c - 1) (mid - b)) by (apply grid_plus; [exact Gm|now apply grid_opp]).
    assert (N0 : mid - b <> 0).
    { intros Z. assert (Eb : b = mid) by lra. apply Nm. rewrite <- Eb in *.
      assert (Wb : wide p b) by (apply (generic_inclusion_mag radix2 (FLX_exp m)); [intros _; unfold FLX_exp; lia|exact Fb]).
      assert (Big : bpow radix2 (M - 1) <= Rabs b).
      { apply Rnot_lt_le. intros I. assert (G1 : grid (c - 1) (bpow radix2 (M - 1))) by (apply (grid_finer (M - 1)); [lia|apply grid_is_multiples; exists 1%Z; ring]).
        assert (I2 := grid_gap (c - 1) (Rabs b) _ (generic_format_abs _ _ _ Gm) G1 I). assert (bpow radix2 (M - P - 1) < bpow radix2 (c - 1)) by (apply bpow_lt; lia).
        generalize (Rabs_triang b (x - b)). replace (b + (x - b)) with x by ring. lra. }
      apply generic_format_FLT_FLX; [|exact Wb]. apply Rle_trans with (2 := Big), bpow_le. lia. }
    assert (N1 : bpow radix2 (c - 1) <= Rabs (mid - b)).
    { generalize (grid_gap (c - 1) 0 (Rabs (mid - b)) (grid_0 _) (generic_format_abs _ _ _ GN) (Rabs_pos_lt _ N0)). lra. }
    assert (Small : bpow radix2 (M - P - 1) <= bpow radix2 (c - 2)) by (apply bpow_le; lia). assert (T2 := twice_bpow (c - 2)). replace (c - 2 + 1)%Z with (c - 1)%Z in T2 by ring.
    assert (S1 : bpow radix2 (c - 2) <= Rabs s).
    { generalize (abs_minus (mid - b) (x - mid)). replace (mid - b + (x - mid)) with s by (unfold x; ring). lra. }
    assert (GD : grid (c - 2 + 1 - p) (x - mid)).
    { replace (x - mid) with (s + - (mid - b)) by (unfold x; ring). apply grid_plus; [now apply grid_of_wide|]. apply grid_opp, (grid_finer (c - 1)); [lia|exact GN]. }
    assert (N2 : bpow radix2 (c - 2 + 1 - p) <= Rabs (x - mid)).
    { generalize (grid_gap _ 0 (Rabs (x - mid)) (grid_0 _) (generic_format_abs _ _ _ GD) (Rabs_pos_lt _ (Rminus_eq_contra _ _ Q))). lra. }
    assert (bpow radix2 (M - P - 1) < bpow radix2 (c - 2 + 1 - p)) by (apply bpow_lt; lia). lra. }
  assert (EM : M = (L + P + 1)%Z) by (assert (M - 2 < L + P)%Z; [apply (lt_bpow radix2); lra|lia]).
  assert (Gb1 : grid (L + P - m) b) by (replace (L + P - m)%Z with (M - 2 + 1 - m)%Z by lia; now apply grid_of_wide).
  assert (B2 : Rabs b + bpow radix2 (L + P - m) <= bpow radix2 (L + P)).
  { apply grid_gap; [now apply generic_format_abs| |exact Hb]. apply grid_is_multiples. exists (2 ^ m)%Z.
    change 2%Z with (radix_val radix2). rewrite IZR_Zpower, <- bpow_plus by lia. f_equal. ring. }
  assert (S1 : bpow radix2 (L + P - m) <= Rabs s).
  { generalize (Rabs_triang s b). fold x. assert (E1 : bpow radix2 (M - 1) = bpow radix2 (L + P)) by (f_equal; lia). lra. }
  assert (Gs2 : grid (L + P - m + 1 - p) s) by now apply grid_of_wide.
  assert (Gx1 : grid (L + 1) x) by (apply grid_plus; [apply (grid_finer (L + P - m + 1 - p))|apply (grid_finer (L + P - m))]; lia || assumption).
  assert (F := Fits (L + 1)%Z ltac:(lia) Gx1). replace (L + 1 + P)%Z with M in F by lia. lra.
Qed.
