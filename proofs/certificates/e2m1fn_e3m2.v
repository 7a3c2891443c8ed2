(* fmtlab worst --format e2m1fn --acc e3m2 --n 8
   Checked by coqc -Q proofs/coq Fmtlab. *)
From Fmtlab Require Import Numbers WorstCaseCertificate.

Definition inputs_format := {| precision := 2; smallest := -1; largest := 3 * 2 ^ 2 |}.  (* e2m1fn *)
Definition accumulator_format := {| precision := 3; smallest := -4; largest := 7 * 2 ^ 5 |}.  (* e3m2 *)
Definition dot := {| left := inputs_format; right := inputs_format; accumulator := accumulator_format |}.

(** Of 8 products of e2m1fn numbers in e3m2: the largest |computed - exact| is 8, *)
Theorem worst_error_8 : worst_error_is dot 8 (unit dot) 32.
Proof. certify_error. Qed.

(** and the largest |computed - exact| / A is 1/2. *)
Theorem worst_ratio_8 : worst_ratio_is dot 8 1 2.
Proof. certify_ratio [(-36); (-4); (-4); (-4); (-4); (-4); (-4); (-4)]%Z. Qed.
