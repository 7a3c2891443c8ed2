(* SPDX-License-Identifier: Apache-2.0 *)
(** The constants of formats that the theorems use, printed for the tests of the code: constants.txt. *)
From Coq Require Import Bool String.
From Fmtlab Require Import Numbers CarrierTable.
Local Open Scope string_scope.
Local Open Scope Z_scope.

(** Exponents of two of the unit roundoff to nearest, u = 2^-p; of the largest error of an underflowing result, eta/2; and of the smallest normal number. *)
Definition unit_roundoff f := - precision f.
Definition half_eta f := smallest f - 1.
Definition smallest_normal f := smallest f + precision f - 1.

(** The most additions k with k u <= 1/2, up to which a sum errs by k u / (1 + k u) A: 2^(p - 1). *)
Definition sharp_additions f := 2 ^ (precision f - 1).

Theorem unit_roundoff_is f : bpow radix2 (unit_roundoff f) = u (precision f).
Proof. reflexivity. Qed.

Theorem half_eta_is f : bpow radix2 (half_eta f) = Numbers.half_eta (smallest f).
Proof. reflexivity. Qed.

Theorem sharp_additions_is f k : 1 <= precision f -> k <= sharp_additions f <-> (IZR k * u (precision f) <= / 2)%R.
Proof.
intros Hp. unfold sharp_additions, u. assert (P : IZR (2 ^ (precision f - 1)) = bpow radix2 (precision f - 1)).
{ change 2 with (radix_val radix2). apply IZR_Zpower. lia. }
assert (Q : (bpow radix2 (precision f - 1) * bpow radix2 (- precision f) = / 2)%R).
{ rewrite <- bpow_plus. now replace (precision f - 1 + - precision f) with (-1) by ring. }
assert (B := bpow_gt_0 radix2 (- precision f)). split; intros H.
- apply IZR_le in H. rewrite P in H. rewrite <- Q. apply Rmult_le_compat_r; lra.
- apply le_IZR. rewrite P. apply Rmult_le_reg_r with (1 := B). now rewrite Q.
Qed.

(** A line for a format: p, emin, the exponents, the additions, and in binary32 and binary64 what is safe: + and -, products, quotients, roots, rounding to odd. *)
Ltac value x := let y := eval vm_compute in x in y.
Ltac line name f :=
  let p := value (precision f) in let e := value (smallest f) in let a := value (unit_roundoff f) in let b := value (half_eta f) in
  let c := value (smallest_normal f) in let k := value (sharp_additions f) in let r := value (row f fp32) in let s := value (row f fp64) in
  idtac name p e a b c k r s.

Goal True.
line "e2m1" e2m1.
line "e2m3" e2m3.
line "e3m2" e3m2.
line "e4m3" e4m3.
line "e5m2" e5m2.
line "e6m5" e6m5.
line "fp16" fp16.
line "bf16" bf16.
line "tf32" tf32.
Abort.
