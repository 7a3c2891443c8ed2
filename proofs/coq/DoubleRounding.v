(* SPDX-License-Identifier: Apache-2.0 *)
(** When computing in a carrier F(P, E) and rounding again to F(p, e) is right: for + - * / and the square root, the exact conditions on the parameters;
    and for every real number, if the carrier rounds to odd with two bits more. *)
From Fmtlab Require Import Numbers.
From Flocq Require Import Double_rounding Round_odd.

Section DoubleRounding.
Variables p e P E : Z.
Context {Hp : Prec_gt_0 p} {HP : Prec_gt_0 P}.

(** + and - of numbers of the format: P >= 2 p + 1 and E <= e, with any ties. *)
Theorem double_plus tie tie' x y : (E <= e)%Z -> (2 * p + 1 <= P)%Z -> format p e x -> format p e y ->
  nearest tie p e (nearest tie' P E (x + y)) = nearest tie p e (x + y).
Proof. intros. apply round_round_plus_FLT; auto; now apply FLT_format_generic. Qed.

Theorem double_minus tie tie' x y : (E <= e)%Z -> (2 * p + 1 <= P)%Z -> format p e x -> format p e y ->
  nearest tie p e (nearest tie' P E (x - y)) = nearest tie p e (x - y).
Proof. intros. apply round_round_minus_FLT; auto; now apply FLT_format_generic. Qed.

(** The product of numbers of F(p1, e1) and F(p2, e2) is a number of the carrier if p1 + p2 <= P and E <= e1 + e2: right in any mode. *)
Theorem product_exact p1 e1 p2 e2 x y : (p1 + p2 <= P)%Z -> (E <= e1 + e2)%Z -> Prec_gt_0 p1 -> Prec_gt_0 p2 -> format p1 e1 x -> format p2 e2 y ->
  format P E (x * y).
Proof.
intros H1 H2 Q1 Q2 Hx Hy. apply FLT_format_generic in Hx; [|exact Q1]. apply FLT_format_generic in Hy; [|exact Q2].
destruct Hx as [[mx ex] X1 X2 X3], Hy as [[my ey] Y1 Y2 Y3]. simpl in *.
apply generic_format_FLT. exists (Float radix2 (mx * my) (ex + ey)); simpl.
- rewrite X1, Y1. unfold F2R. simpl. rewrite mult_IZR, bpow_plus. ring.
- rewrite Z.abs_mul. apply Z.lt_le_trans with (2 ^ (p1 + p2))%Z.
  + rewrite Z.pow_add_r by (unfold Prec_gt_0 in *; lia). apply Z.mul_lt_mono_nonneg; lia.
  + apply Z.pow_le_mono_r; unfold Prec_gt_0 in *; lia.
- lia.
Qed.

(** Multiples of 2^g up to 2^(P + g) are numbers of the carrier if E <= g. *)
Theorem grid_exact g x : (E <= g)%Z -> grid g x -> Rabs x <= bpow radix2 (P + g) -> format P E x.
Proof.
intros H1 Hx Hb. apply (format_widens P g); [lia|exact H1|]. apply generic_format_FLT_FIX; auto. now rewrite Zplus_comm.
Qed.

(** x / y: P >= 2 p and E <= e - p - 2. *)
Theorem double_quotient tie tie' x y : (E <= e - p - 2)%Z -> (2 * p <= P)%Z -> y <> 0 -> format p e x -> format p e y ->
  nearest tie p e (nearest tie' P E (x / y)) = nearest tie p e (x / y).
Proof. intros. apply round_round_div_FLT; auto; try now apply FLT_format_generic. now exists 1%Z. Qed.

(** sqrt x: P >= 2 p + 2, E <= e - p - 2 and e <= 0. *)
Theorem double_square_root tie tie' x : (e <= 0)%Z -> (E <= e - p - 2)%Z -> (2 * p + 2 <= P)%Z -> format p e x ->
  nearest tie p e (nearest tie' P E (sqrt x)) = nearest tie p e (sqrt x).
Proof. intros. apply round_round_sqrt_FLT; auto. now apply FLT_format_generic. Qed.

(** Rounding to odd with two bits more: right for every real number, so for every operation and any formats of its operands. *)
Theorem round_to_odd tie x : (1 < p)%Z -> (p + 2 <= P)%Z -> (E <= e - 2)%Z ->
  nearest tie p e (rounding Zrnd_odd P E x) = nearest tie p e x.
Proof.
intros H0 H1 H2. assert (1 < P)%Z by lia. apply round_N_odd; auto; try typeclasses eauto.
- apply exists_NE_FLT. now right.
- apply exists_NE_FLT. now right.
- intros m. unfold FLT_exp. lia.
Qed.

(** Rounding down twice is rounding down. *)
Theorem double_down x : (p <= P)%Z -> (E <= e)%Z -> rounding Zfloor p e (rounding Zfloor P E x) = rounding Zfloor p e x.
Proof.
intros H1 H2. apply Rle_antisym.
- apply round_le; try typeclasses eauto. apply round_DN_pt; typeclasses eauto.
- apply round_DN_pt; try typeclasses eauto; [apply generic_format_round; typeclasses eauto|].
  apply round_DN_pt; try typeclasses eauto; [|apply round_DN_pt; typeclasses eauto].
  apply (format_widens p e); try assumption. apply generic_format_round; typeclasses eauto.
Qed.

(** ** Products that underflow in the carrier: E <= e - (p1 + p2) is enough to nearest even *)

Lemma nearest_even_of_half r : Rabs r <= / 2 -> ZnearestE r = 0%Z.
Proof.
intros [H|H]; [apply Znearest_imp; now rewrite Rminus_0_r|].
unfold Rabs in H. destruct (Rcase_abs r); unfold Znearest.
- replace (Zfloor r) with (-1)%Z by (symmetry; apply Zfloor_imp; simpl; lra).
  rewrite Rcompare_Eq by lra. simpl. apply Zceil_imp. simpl. lra.
- replace (Zfloor r) with 0%Z by (symmetry; apply Zfloor_imp; simpl; lra). now rewrite Rcompare_Eq by lra.
Qed.

(** Up to eta/2 numbers become 0. *)
Theorem tiny_to_zero x : Rabs x <= bpow radix2 (e - 1) -> rounding ZnearestE p e x = 0.
Proof.
intros H. destruct (Req_dec x 0) as [->|N]; [apply round_0; typeclasses eauto|].
assert (M : (mag radix2 x <= e)%Z) by (apply mag_le_bpow; [exact N|]; apply Rle_lt_trans with (1 := H); apply bpow_lt; lia).
unfold round, scaled_mantissa, cexp. replace (FLT_exp e p (mag radix2 x)) with e by (unfold FLT_exp, Prec_gt_0 in *; lia).
rewrite nearest_even_of_half; [apply F2R_0|]. rewrite Rabs_mult, (Rabs_pos_eq (bpow _ _)) by apply bpow_ge_0.
apply Rmult_le_reg_r with (bpow radix2 e); [apply bpow_gt_0|]. rewrite Rmult_assoc, <- bpow_plus, Zplus_opp_l.
change (/ 2) with (bpow radix2 (-1)). rewrite <- bpow_plus. simpl (bpow radix2 0). rewrite Rmult_1_r.
replace (-1 + e)%Z with (e - 1)%Z by ring. exact H.
Qed.

Lemma product_exact_above p1 p2 x y : (p1 + p2 <= P)%Z -> (E <= e - (p1 + p2))%Z -> Prec_gt_0 p1 -> Prec_gt_0 p2 ->
  generic_format radix2 (FLX_exp p1) x -> generic_format radix2 (FLX_exp p2) y -> bpow radix2 (e - 1) <= Rabs (x * y) -> format P E (x * y).
Proof.
intros H1 H2 Q1 Q2 Hx Hy Hb. assert (F : generic_format radix2 (FLX_exp (p1 + p2)) (x * y)).
{ apply FLX_format_generic in Hx; [|exact Q1]. apply FLX_format_generic in Hy; [|exact Q2].
  destruct Hx as [[mx ex] X1 X2], Hy as [[my ey] Y1 Y2]. simpl in *.
  apply generic_format_FLX. exists (Float radix2 (mx * my) (ex + ey)); simpl.
  - rewrite X1, Y1. unfold F2R. simpl. rewrite mult_IZR, bpow_plus. ring.
  - rewrite Z.abs_mul, Z.pow_add_r by (unfold Prec_gt_0 in *; lia). apply Z.mul_lt_mono_nonneg; lia. }
revert F. apply generic_inclusion_mag. intros _. generalize (mag_ge_bpow _ _ _ Hb). unfold FLT_exp, FLX_exp. lia.
Qed.

Theorem double_product p1 e1 p2 e2 x y : (p1 + p2 <= P)%Z -> (E <= e - (p1 + p2))%Z -> Prec_gt_0 p1 -> Prec_gt_0 p2 ->
  format p1 e1 x -> format p2 e2 y -> rounding ZnearestE p e (rounding ZnearestE P E (x * y)) = rounding ZnearestE p e (x * y).
Proof.
intros H1 H2 Q1 Q2 Hx Hy. apply generic_format_FLX_FLT in Hx. apply generic_format_FLX_FLT in Hy.
destruct (Rle_or_lt (bpow radix2 (e - 1)) (Rabs (x * y))) as [H|H].
- rewrite (round_generic _ _ _ (x * y)) at 1; auto. now apply (product_exact_above p1 p2).
- rewrite !tiny_to_zero; auto; [now apply Rlt_le|]. apply abs_round_le_generic; auto; try typeclasses eauto.
  + apply generic_format_bpow. unfold FLT_exp, Prec_gt_0 in *. lia.
  + now apply Rlt_le.
Qed.
End DoubleRounding.
