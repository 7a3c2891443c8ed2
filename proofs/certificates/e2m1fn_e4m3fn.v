(* fmtlab worst --format e2m1fn --acc e4m3fn --n 8
   Checked by coqc -Q proofs/coq Fmtlab. *)
From Fmtlab Require Import Numbers WorstCaseCertificate.

Definition inputs_format := {| precision := 2; smallest := -1; largest := 3 * 2 ^ 2 |}.  (* e2m1fn *)
Definition accumulator_format := {| precision := 4; smallest := -9; largest := 7 * 2 ^ 15 |}.  (* e4m3fn *)
Definition dot := {| left := inputs_format; right := inputs_format; accumulator := accumulator_format |}.

(** Of 8 products of e2m1fn numbers in e4m3fn: the largest |computed - exact| is 40, *)
Theorem worst_error_8 : worst_error_is dot 8 (unit dot) 160.
Proof. certify_error. Qed.

(** and the largest |computed - exact| / A is 7/23. *)
Theorem worst_ratio_8 : worst_ratio_is dot 8 7 23.
Proof. certify_ratio [(-72); (-64); (-8); (-8); (-8); (-8); (-8); (-8)]%Z. Qed.
