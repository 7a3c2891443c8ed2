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
