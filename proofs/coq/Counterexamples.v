(* SPDX-License-Identifier: Apache-2.0 *)
(** What is false, by computed counterexamples: each statement is refuted by numbers that its comment names. *)
From Fmtlab Require Import Numbers Sums IntegerRounding.


Lemma multiple_neq g a b : a <> b -> multiple g a <> multiple g b.
Proof. intros N E. apply N. now apply (eq_F2R radix2 g). Qed.

Lemma multiple_mult g h m n : multiple g m * multiple h n = multiple (g + h) (m * n).
Proof. unfold multiple, F2R. simpl. rewrite mult_IZR, bpow_plus. ring. Qed.

(** Products of tf32 = F(11, -136) through fp32: 1141 2^-100 times 1838 2^-58 becomes 0 in place of 2^-136. *)
Theorem tf32_product_through_fp32_fails : exists x y, format 11 (-136) x /\ format 11 (-136) y
  /\ nearest_even 11 (-136) (nearest_even 24 (-149) (x * y)) <> nearest_even 11 (-136) (x * y).
Proof.
exists (multiple (-100) 1141), (multiple (-58) 1838). split; [now apply multiple_in_format|]. split; [now apply multiple_in_format|].
rewrite multiple_mult, !round_integer_correct by easy. apply multiple_neq. vm_compute. discriminate.
Qed.

(** A fused multiply-add of e5m2 = F(3, -16) through fp32: 48 * 24 + 2^-16 becomes 1024 in place of 1280. *)
Theorem e5m2_fma_through_fp32_fails : exists a b c, format 3 (-16) a /\ format 3 (-16) b /\ format 3 (-16) c
  /\ nearest_even 3 (-16) (nearest_even 24 (-149) (a * b + c)) <> nearest_even 3 (-16) (a * b + c).
Proof.
exists (multiple 4 3), (multiple 3 3), (multiple (-16) 1). split; [now apply multiple_in_format|]. split; [now apply multiple_in_format|].
split; [now apply multiple_in_format|]. rewrite multiple_mult. change (multiple (4 + 3) (3 * 3)) with (multiple 7 9). replace (multiple 7 9) with (multiple (-16) (9 * 2 ^ 23)).
- rewrite <- multiple_plus, !round_integer_correct by easy. apply multiple_neq. vm_compute. discriminate.
- symmetry. now apply (F2R_change_exp radix2 (-16) 9 7).
Qed.

(** A sum of two formats through fp32: 4.25 + 2^-24 of fp16 = F(11, -24), rounded to e4m3 = F(4, -9), becomes 4 in place of 4.5. *)
Theorem fp16_sum_through_fp32_to_e4m3_fails : exists x y, format 11 (-24) x /\ format 11 (-24) y
  /\ nearest_even 4 (-9) (nearest_even 24 (-149) (x + y)) <> nearest_even 4 (-9) (x + y).
Proof.
exists (multiple (-2) 17), (multiple (-24) 1). split; [now apply multiple_in_format|]. split; [now apply multiple_in_format|].
replace (multiple (-2) 17) with (multiple (-24) (17 * 2 ^ 22)).
- rewrite <- multiple_plus, !round_integer_correct by easy. apply multiple_neq. vm_compute. discriminate.
- symmetry. now apply (F2R_change_exp radix2 (-24) 17 (-2)).
Qed.

(** The bound k u / (1 + k u) A for k u > 1/2: 5.25 + 1 + 2.125 from 0 in e3m1 = F(2, -3), k = 3 and u = 1/4, errs by 29/67 A > 3/7 A. *)
Theorem sharp_sum_fails_beyond : exists xs, (forall x, In x xs -> grid (-3) x) /\
  INR (length xs) * u 2 / (1 + INR (length xs) * u 2) * magnitude xs < Rabs (recursive (nearest_even 2 (-3)) 0 xs - sum xs).
Proof.
exists [multiple (-3) 42; multiple (-3) 8; multiple (-3) 17]. split.
{ intros x [<-|[<-|[<-|[]]]]; apply grid_is_multiples; eexists; reflexivity. }
unfold recursive, magnitude. simpl fold_left. rewrite <- (multiple_0 (-3)), <- !multiple_plus.
rewrite (round_integer_correct 2 (-3)) by easy. rewrite <- multiple_plus, round_integer_correct by easy.
rewrite <- multiple_plus, round_integer_correct by easy.
replace (round_integer 2 (-3 - -3) (round_integer 2 (-3 - -3) (round_integer 2 (-3 - -3) (0 + 42) + 8) + 17)) with 96%Z by now vm_compute.
unfold multiple, F2R, u. simpl. unfold Rabs. repeat destruct Rcase_abs; lra.
Qed.

(** 2Sum rounded down, in e4m3: 2^-9 - 1/2 gives s = -1/2 and the error 0 in place of 2^-9. *)
Theorem two_sum_down_fails : exists x y, format 4 (-9) x /\ format 4 (-9) y /\
  let fl := rounding Zfloor 4 (-9) in let s := fl (x + y) in let y' := fl (s - x) in let x' := fl (s - y') in
  s + fl (fl (x - x') + fl (y - y')) <> x + y.
Proof.
exists (multiple (-9) 1), (multiple (-9) (-256)). split; [now apply multiple_in_format|]. split.
{ replace (multiple (-9) (-256)) with (multiple (-1) (-1)) by now apply (F2R_change_exp radix2 (-9) (-1) (-1)).
  now apply multiple_in_format. }
cbv zeta. repeat first [rewrite <- multiple_plus | rewrite <- multiple_minus | rewrite round_integer_down_correct by easy].
apply multiple_neq. vm_compute. discriminate.
Qed.

(** Fast2Sum without |y| <= |x|, in e4m3: 2^-9 + 18 2^-9 gives s = 20 2^-9, and the error -2^-8 in place of -2^-9. *)
Theorem fast2sum_unordered_fails : exists x y, format 4 (-9) x /\ format 4 (-9) y /\
  let fl := nearest_even 4 (-9) in let s := fl (x + y) in s + fl (y - fl (s - x)) <> x + y.
Proof.
exists (multiple (-9) 1), (multiple (-9) 18). split; [now apply multiple_in_format|]. split.
{ replace (multiple (-9) 18) with (multiple (-8) 9) by now apply (F2R_change_exp radix2 (-9) 9 (-8)).
  now apply multiple_in_format. }
cbv zeta. repeat first [rewrite <- multiple_plus | rewrite <- multiple_minus | rewrite round_integer_correct by easy].
apply multiple_neq. vm_compute. discriminate.
Qed.
