(* SPDX-License-Identifier: Apache-2.0 *)
(** Sums in fixed point: an error of at most half a step a rounding to nearest, a step in other modes, and none at all if the terms are multiples of
    the step. Bound dot.fixed; and the width that no sum overflows. *)
From Fmtlab Require Import Numbers Sums Telescoping.

(** Rounding to the multiples of 2^e. *)
Notation fixed rnd e := (round radix2 (FIX_exp e) rnd).

Section FixedPoint.
Variable e : Z.

Theorem fixed_error_nearest tie x : Rabs (fixed (Znearest tie) e x - x) <= / 2 * bpow radix2 e.
Proof. rewrite <- (ulp_FIX radix2 e x). apply error_le_half_ulp. typeclasses eauto. Qed.

Theorem fixed_error rnd (Hr : Valid_rnd rnd) x : Rabs (fixed rnd e x - x) <= bpow radix2 e.
Proof. rewrite <- (ulp_FIX radix2 e x). apply error_le_ulp; typeclasses eauto. Qed.

(** |computed - exact| <= k h, h the largest error of a rounding and k the number of terms that are no multiples of the step. *)
Theorem fixed_sum f h xs : (forall x, Rabs (f x - x) <= h) -> forall s, Rabs (recursive f s xs - (s + sum xs)) <= INR (length xs) * h.
Proof.
intros H s. rewrite <- (run_is_recursive f xs 0 s). eapply Rle_trans; [apply error_le_local_errors|].
generalize 0%nat. revert s. induction xs as [|x xs IH]; intros s k; [unfold magnitude; simpl; lra|].
simpl local_errors. rewrite magnitude_cons. change (length (x :: xs)) with (S (length xs)). rewrite S_INR. unfold local_error.
specialize (H (s + x)). specialize (IH (f (s + x)) (S k)). lra.
Qed.

Theorem fixed_sum_exact rnd (Hr : Valid_rnd rnd) xs : (forall x, In x xs -> grid e x) -> forall s, grid e s ->
  recursive (fixed rnd e) s xs = s + sum xs.
Proof.
induction xs as [|x xs IH]; intros G s Gs; [simpl; ring|]. rewrite recursive_cons, sum_cons.
assert (Gx : grid e (s + x)) by (apply grid_plus; [exact Gs|apply G; now left]).
rewrite round_generic by (exact Gx || typeclasses eauto). rewrite IH; [ring|intros y Hy; apply G; now right|exact Gx].
Qed.

(** A register that holds integers i with |i| <= M in steps of 2^e holds all partial sums of integers i_1, ... if |i_1| + |i_2| + ... <= M. *)
Theorem no_fixed_overflow xs M : forall s, Rabs s + magnitude xs <= M * bpow radix2 e ->
  forall ys zs, xs = ys ++ zs -> Rabs (s + sum ys) <= M * bpow radix2 e.
Proof.
intros s H ys zs ->. rewrite magnitude_app in H. eapply Rle_trans; [apply Rabs_triang|].
generalize (abs_sum ys) (magnitude_pos zs). lra.
Qed.
End FixedPoint.

(** The width of an exact accumulator: of n products of integers, of magnitude N at most (Omega_a/eta_a times Omega_b/eta_b in steps of eta_a eta_b),
    floor(log2(n N)) + 2 bits in two's complement hold every partial sum, and one bit less does not hold all. *)
Section ExactWidth.
Open Scope Z_scope.
Variables n N : Z.
Hypothesis HnN : 0 < n * N.
Notation W := (Z.log2 (n * N) + 2).

Definition holds w z := - 2 ^ (w - 1) <= z < 2 ^ (w - 1).

Fixpoint total (zs : list Z) := match zs with [] => 0 | z :: r => z + total r end.

Lemma total_bound zs : (forall z, In z zs -> Z.abs z <= N) -> Z.abs (total zs) <= Z.of_nat (length zs) * N.
Proof.
induction zs as [|z zs IH]; intros H; [reflexivity|]. cbn [total length]. rewrite Nat2Z.inj_succ. specialize (IH (fun y Hy => H y (or_intror Hy))).
specialize (H z (or_introl eq_refl)). lia.
Qed.

Theorem exact_width_holds zs : Z.of_nat (length zs) <= n -> 0 <= N -> (forall z, In z zs -> Z.abs z <= N) -> holds W (total zs).
Proof.
intros L HN H. assert (B := total_bound zs H). assert (U := proj2 (Z.log2_spec _ HnN)). unfold holds.
replace (W - 1) with (Z.succ (Z.log2 (n * N))) by ring. assert (Z.of_nat (length zs) * N <= n * N) by (apply Z.mul_le_mono_nonneg_r; assumption). lia.
Qed.

Theorem exact_width_least : ~ holds (W - 1) (n * N).
Proof. assert (L := proj1 (Z.log2_spec _ HnN)). unfold holds. replace (W - 1 - 1) with (Z.log2 (n * N)) by ring. lia. Qed.

(** Partial sums may wrap around: in w bits the last one is right if the exact sum is held. *)
Definition wrap w z := (z + 2 ^ (w - 1)) mod 2 ^ w - 2 ^ (w - 1).

Theorem wrapped_sum_exact w zs : 0 < w -> holds w (total zs) -> fold_left (fun s z => wrap w (s + z)) zs 0 = total zs.
Proof.
intros Hw H. assert (P : 2 ^ w = 2 * 2 ^ (w - 1)) by (rewrite <- Z.pow_succ_r by lia; f_equal; lia). assert (0 < 2 ^ (w - 1)) by (apply Z.pow_pos_nonneg; lia).
assert (Id : forall z, holds w z -> wrap w z = z) by (unfold holds, wrap; intros z Hz; rewrite Z.mod_small by lia; ring).
assert (Add : forall a b, wrap w (wrap w a + b) = wrap w (a + b)).
{ intros a b. unfold wrap. f_equal. replace ((a + 2 ^ (w - 1)) mod 2 ^ w - 2 ^ (w - 1) + b + 2 ^ (w - 1)) with ((a + 2 ^ (w - 1)) mod 2 ^ w + b) by ring.
  rewrite Z.add_mod_idemp_l by lia. f_equal. ring. }
assert (G : forall s, holds w s -> fold_left (fun s z => wrap w (s + z)) zs s = wrap w (s + total zs)).
{ assert (Bound : forall z, holds w (wrap w z)) by (intros z; unfold holds, wrap; assert (M := Z.mod_pos_bound (z + 2 ^ (w - 1)) (2 ^ w) ltac:(lia)); lia).
  clear H. induction zs as [|z r IH]; intros s Hs; cbn [fold_left total]; [rewrite Z.add_0_r; symmetry; now apply Id|].
  rewrite IH by apply Bound. rewrite Add. f_equal. ring. }
rewrite G by (unfold holds; lia). now apply Id.
Qed.
End ExactWidth.
