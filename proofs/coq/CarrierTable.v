(* SPDX-License-Identifier: Apache-2.0 *)
(** Which formats can be computed with in binary32 and binary64, operation by operation; as a test of the parameters that is proved sound, and a table. *)
From Coq Require Import Bool.
From Flocq Require Import Round_odd.
From Fmtlab Require Import Numbers DoubleRounding.
Local Open Scope Z_scope.
Local Open Scope bool_scope.

(** F(p, e). *)
Record parameters := F { precision : Z; smallest : Z }.

Definition plus_safe f c := (2 * precision f + 1 <=? precision c) && (smallest c <=? smallest f) && (2 <=? precision f).
Definition times_safe f c := (2 * precision f <=? precision c) && (smallest c <=? smallest f - 2 * precision f) && (2 <=? precision f).
Definition times_exact f c := (2 * precision f <=? precision c) && (smallest c <=? 2 * smallest f) && (2 <=? precision f).
Definition quotient_safe f c := (2 * precision f <=? precision c) && (smallest c <=? smallest f - precision f - 2) && (2 <=? precision f).
Definition root_safe f c :=
  (2 * precision f + 2 <=? precision c) && (smallest c <=? smallest f - precision f - 2) && (2 <=? precision f) && (smallest f <=? 0).
Definition odd_safe f c := (precision f + 2 <=? precision c) && (smallest c <=? smallest f - 2) && (2 <=? precision f).

Notation number f := (format (precision f) (smallest f)).
Notation to f := (rounding ZnearestE (precision f) (smallest f)).

Ltac facts := repeat match goal with
  | H : (_ && _) = true |- _ => apply andb_prop in H; destruct H
  | H : (_ <=? _) = true |- _ => apply Z.leb_le in H
  end.

(** To nearest even, x and y numbers of f: rounding to c and then to f is rounding to f. *)
Theorem carrier_sound f c x y : number f x -> number f y ->
  (plus_safe f c = true -> to f (to c (x + y)) = to f (x + y) /\ to f (to c (x - y)) = to f (x - y))%R /\
  (times_safe f c = true \/ times_exact f c = true -> to f (to c (x * y)) = to f (x * y))%R /\
  (times_exact f c = true -> number c (x * y)%R) /\
  (quotient_safe f c = true -> y <> 0 -> to f (to c (x / y)) = to f (x / y))%R /\
  (root_safe f c = true -> to f (to c (sqrt x)) = to f (sqrt x))%R /\
  (forall z : R, odd_safe f c = true -> to f (rounding Zrnd_odd (precision c) (smallest c) z) = to f z).
Proof.
intros Hx Hy. unfold plus_safe, times_safe, times_exact, quotient_safe, root_safe, odd_safe.
assert (Q : forall p, 2 <= p -> Prec_gt_0 p) by (intros p H; unfold Prec_gt_0; lia).
repeat split; intros; repeat match goal with H : _ \/ _ |- _ => destruct H end; facts;
  assert (Prec_gt_0 (precision f)) by (apply Q; lia); assert (Prec_gt_0 (precision c)) by (apply Q; lia).
- now apply double_plus.
- now apply double_minus.
- apply (double_product _ _ _ _ (precision f) (smallest f) (precision f) (smallest f)); auto; lia.
- rewrite (round_generic _ _ _ (x * y)%R) at 1; auto. apply (product_exact _ _ (precision f) (smallest f) (precision f) (smallest f)); auto; lia.
- apply (product_exact _ _ (precision f) (smallest f) (precision f) (smallest f)); auto; lia.
- now apply double_quotient.
- now apply double_square_root.
- apply round_to_odd; auto; lia.
Qed.

Definition e4m3 := F 4 (-9).
Definition e5m2 := F 3 (-16).
Definition e6m5 := F 6 (-35).
Definition bf16 := F 8 (-133).
Definition fp16 := F 11 (-24).
Definition tf32 := F 11 (-136).
Definition e2m1 := F 2 (-1).
Definition e3m2 := F 3 (-4).
Definition e2m3 := F 4 (-3).
Definition fp32 := F 24 (-149).
Definition fp64 := F 53 (-1074).

(** + and -, products, quotients, roots, and any real number rounded to odd. *)
Definition row f c := [plus_safe f c; times_safe f c || times_exact f c; quotient_safe f c; root_safe f c; odd_safe f c].

(** In binary32: all operations of the small formats; *)
Theorem carriers_in_fp32 : map (fun f => row f fp32) [e2m1; e2m3; e3m2; e4m3; e5m2; e6m5; fp16; bf16] = repeat (repeat true 5) 8.
Proof. reflexivity. Qed.

(** of tf32 all but products, which fail (Counterexamples.v); *)
Theorem tf32_in_fp32 : row tf32 fp32 = [true; false; true; true; true].
Proof. reflexivity. Qed.

(** in binary64: all. *)
Theorem carriers_in_fp64 : map (fun f => row f fp64) [e2m1; e2m3; e3m2; e4m3; e5m2; e6m5; fp16; bf16; tf32; fp32] = repeat (repeat true 5) 10.
Proof. reflexivity. Qed.
