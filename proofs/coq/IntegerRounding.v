(* SPDX-License-Identifier: Apache-2.0 *)
(** Rounding to nearest even as a function of integers, equal to rounding of the reals: so that statements about formats can be computed. *)
From Fmtlab Require Import Numbers.
From Flocq Require Import Digits.
Local Open Scope Z_scope.

(** m / 2^k to the nearest integer, ties to even. *)
Definition nearest_quotient m k :=
  let q := Z.shiftr m k in let r := m - Z.shiftl q k in
  match 2 * r ?= Z.shiftl 1 k with Lt => q | Gt => q + 1 | Eq => if Z.even q then q else q + 1 end.

(** How many bits |m| has. *)
Definition bits m := if m =? 0 then 0 else Z.log2 (Z.abs m) + 1.

(** m to p significant bits, and to multiples of 2^drop, by a rule for quotients m / 2^k. *)
Definition round_by (quotient : Z -> Z -> Z) p drop m :=
  let k := Z.max (bits m - p) drop in if 0 <? k then Z.shiftl (quotient m k) k else m.

Definition round_integer := round_by nearest_quotient.
Definition round_integer_down := round_by Z.shiftr.

Lemma bits_is_digits m : bits m = Zdigits radix2 m.
Proof.
unfold bits. destruct (Z.eqb_spec m 0) as [->|N]; [reflexivity|]. symmetry. apply Zdigits_unique. simpl (radix_val radix2).
replace (Z.log2 (Z.abs m) + 1 - 1) with (Z.log2 (Z.abs m)) by ring. apply Z.log2_spec. lia.
Qed.

Lemma nearest_quotient_correct m k : 0 <= k -> ZnearestE (IZR m / IZR (2 ^ k)) = nearest_quotient m k.
Proof.
intros Hk. assert (D : 0 < 2 ^ k) by now apply Z.pow_pos_nonneg. assert (DR : (0 < IZR (2 ^ k))%R) by now apply IZR_lt.
unfold nearest_quotient, Znearest. rewrite Zfloor_div by lia. rewrite Z.shiftr_div_pow2, !Z.shiftl_mul_pow2, Z.mul_1_l, <- Zmod_eq_full by lia.
set (d := 2 ^ k) in *. generalize (Z_div_mod_eq_full m d) (Z.mod_pos_bound m d D). set (q := m / d). set (r := m mod d). intros E B.
assert (X : (IZR m / IZR d - IZR q = IZR r / IZR d)%R) by (rewrite E, plus_IZR, mult_IZR; field; lra).
assert (C : Zceil (IZR m / IZR d) = if Z.eqb r 0 then q else q + 1).
{ destruct (Z.eqb_spec r 0) as [R0|R0].
  - replace (IZR m / IZR d)%R with (IZR q) by (rewrite R0 in X; unfold Rdiv in X; lra). apply Zceil_IZR.
  - apply Zceil_imp. rewrite plus_IZR, minus_IZR, plus_IZR. assert (0 < IZR r / IZR d < 1)%R; [|lra]. split.
    + apply Rdiv_lt_0_compat; [apply IZR_lt; lia|exact DR].
    + apply Rmult_lt_reg_r with (IZR d); [exact DR|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
      rewrite Rmult_1_r, Rmult_1_l. apply IZR_lt. lia. }
rewrite X, C. assert (H2 : (IZR r / IZR d * (2 * IZR d) = 2 * IZR r)%R) by (field; lra).
replace (Rcompare (IZR r / IZR d) (/ 2)) with (2 * r ?= d).
- destruct (Z.compare_spec (2 * r) d); destruct (Z.eqb_spec r 0); try lia; auto. destruct (Z.even q); reflexivity.
- symmetry. destruct (Z.compare_spec (2 * r) d) as [H|H|H];
  [apply Rcompare_Eq|apply Rcompare_Lt|apply Rcompare_Gt]; try apply IZR_lt in H; try apply (f_equal IZR) in H; rewrite mult_IZR in H; nra.
Qed.

(** m 2^g, a multiple of 2^g. *)
Definition multiple (g m : Z) : R := F2R (Float radix2 m g).

Lemma multiple_0 g : multiple g 0 = 0%R.
Proof. apply F2R_0. Qed.

Lemma multiple_plus g a b : multiple g (a + b) = (multiple g a + multiple g b)%R.
Proof. unfold multiple, F2R. simpl. rewrite plus_IZR. ring. Qed.

Lemma multiple_minus g a b : multiple g (a - b) = (multiple g a - multiple g b)%R.
Proof. unfold multiple, F2R. simpl. rewrite minus_IZR. ring. Qed.

Lemma multiple_le g a b : a <= b -> (multiple g a <= multiple g b)%R.
Proof. now apply F2R_le. Qed.

(** In F(p, e): fl(m 2^g) = round_by(m) 2^g. *)
Theorem round_by_correct rnd (Hr : Valid_rnd rnd) quotient : (forall m k, 0 <= k -> rnd (IZR m / IZR (2 ^ k))%R = quotient m k) ->
  forall p e g m, Prec_gt_0 p -> rounding rnd p e (multiple g m) = multiple g (round_by quotient p (e - g) m).
Proof.
intros Hq p e g m Hp. unfold round_by. set (k := Z.max (bits m - p) (e - g)). destruct (Z.eq_dec m 0) as [->|N].
{ rewrite multiple_0, round_0 by typeclasses eauto. destruct (Z.ltb_spec 0 k) as [K|K]; [|now rewrite multiple_0].
  rewrite <- Hq by lia. unfold Rdiv. rewrite Rmult_0_l, (@Zrnd_IZR rnd Hr 0), Z.shiftl_0_l. now rewrite multiple_0. }
assert (C : cexp radix2 (FLT_exp e p) (multiple g m) = g + k).
{ unfold cexp, multiple. rewrite mag_F2R_Zdigits by exact N. unfold FLT_exp, k. rewrite bits_is_digits. lia. }
destruct (Z.ltb_spec 0 k) as [H|H].
- unfold round, scaled_mantissa. rewrite C. replace (multiple g m * bpow radix2 (- (g + k)))%R with (IZR m / IZR (2 ^ k))%R.
  + rewrite Hq, Z.shiftl_mul_pow2 by lia. unfold multiple, F2R. simpl. rewrite mult_IZR, bpow_plus.
    change 2 with (radix_val radix2). rewrite IZR_Zpower by lia. ring.
  + unfold multiple, F2R. simpl. change 2 with (radix_val radix2). rewrite IZR_Zpower by lia. rewrite Rmult_assoc, <- bpow_plus.
    replace (g + - (g + k)) with (- k) by ring. now rewrite bpow_opp.
- apply round_generic; [exact Hr|]. apply generic_format_F2R. intros _. fold (multiple g m). rewrite C. lia.
Qed.

Corollary round_integer_correct p e g m : Prec_gt_0 p -> nearest_even p e (multiple g m) = multiple g (round_integer p (e - g) m).
Proof. apply round_by_correct; [typeclasses eauto|]. intros. now apply nearest_quotient_correct. Qed.

Corollary round_integer_down_correct p e g m : Prec_gt_0 p -> rounding Zfloor p e (multiple g m) = multiple g (round_integer_down p (e - g) m).
Proof. apply round_by_correct; [typeclasses eauto|]. intros n k Hk. rewrite Zfloor_div by (apply Z.pow_nonzero; lia). symmetry. now apply Z.shiftr_div_pow2. Qed.

(** m 2^g is a number of F(p, e) if m has at most p bits and e <= g. *)
Lemma multiple_in_format p e g m : Prec_gt_0 p -> e <= g -> Z.abs m < 2 ^ p -> format p e (multiple g m).
Proof. intros Hp Hg Hm. apply generic_format_FLT. exists (Float radix2 m g); [reflexivity|exact Hm|exact Hg]. Qed.
