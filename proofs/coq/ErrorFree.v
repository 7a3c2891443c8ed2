(* SPDX-License-Identifier: Apache-2.0 *)
(** Error-free transforms in every format F(p, emin) with p > 1 and emin <= 0, without overflow: 2Sum to nearest with any ties that negation respects
    (to even, away from zero, towards zero), Fast2Sum to nearest even. *)
From Fmtlab Require Import Numbers.
From Flocq Require Import Sterbenz Plus_error Pff2Flocq.

(** A tie is broken for -x as for x. *)
Definition symmetric (tie : Z -> bool) := forall n, tie n = negb (tie (- (n + 1))%Z).

Lemma even_is_symmetric : symmetric (fun n => negb (Z.even n)).
Proof. intros n. rewrite Z.even_opp, Z.even_add. now destruct (Z.even n). Qed.

Lemma away_is_symmetric : symmetric (Z.leb 0).
Proof. intros n. destruct (Z.leb_spec 0 n), (Z.leb_spec 0 (- (n + 1))); lia || reflexivity. Qed.

Section ErrorFree.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Notation fl := (nearest_even p emin).

(** Sterbenz: x - y is exact for y/2 <= x <= 2 y; in any mode. *)
Theorem sterbenz_exact rnd (Hr : Valid_rnd rnd) x y : format p emin x -> format p emin y -> y / 2 <= x <= 2 * y ->
  rounding rnd p emin (x - y) = x - y.
Proof. intros. apply round_generic; [typeclasses eauto|]. apply sterbenz; auto; typeclasses eauto. Qed.

(** The error of a sum is a number of the format; any ties. *)
Theorem sum_error_in_format tie x y : format p emin x -> format p emin y -> format p emin (nearest tie p emin (x + y) - (x + y)).
Proof. intros. apply plus_error; auto; typeclasses eauto. Qed.

Hypothesis Hp1 : (1 < p)%Z.
Hypothesis He : (emin <= 0)%Z.

(** Fast2Sum: s = fl(x + y), e = fl(y - fl(s - x)): s + e = x + y if |y| <= |x|. *)
Theorem fast2sum x y : format p emin x -> format p emin y -> Rabs y <= Rabs x ->
  let s := fl (x + y) in s + fl (y - fl (s - x)) = x + y.
Proof.
intros Fx Fy H. cbv zeta. replace (y - fl (fl (x + y) - x)) with (y + fl (x - fl (x + y))).
- apply Fast2Sum_correct; auto. exact even_is_symmetric.
- replace (fl (x + y) - x) with (- (x - fl (x + y))) by ring. rewrite round_NE_opp. ring.
Qed.

(** 2Sum: s + e = x + y for all x and y. *)
Theorem two_sum tie x y : symmetric tie -> format p emin x -> format p emin y ->
  let fl := nearest tie p emin in let s := fl (x + y) in let y' := fl (s - x) in let x' := fl (s - y') in s + fl (fl (x - x') + fl (y - y')) = x + y.
Proof. intros S Fx Fy. exact (TwoSum_correct emin p _ Hp1 He S x y Fx Fy). Qed.
End ErrorFree.

(** The formats of the table of proofs/README.md. *)
Definition two_sum_holds p emin := forall x y, format p emin x -> format p emin y ->
  let fl := nearest_even p emin in let s := fl (x + y) in let y' := fl (s - x) in let x' := fl (s - y') in
  s + fl (fl (x - x') + fl (y - y')) = x + y.

Ltac by_two_sum := intros x y Fx Fy; apply two_sum; (exact even_is_symmetric || easy).
Corollary two_sum_e4m3 : two_sum_holds 4 (-9). Proof. by_two_sum. Qed.
Corollary two_sum_e5m2 : two_sum_holds 3 (-16). Proof. by_two_sum. Qed.
Corollary two_sum_bf16 : two_sum_holds 8 (-133). Proof. by_two_sum. Qed.
Corollary two_sum_fp16 : two_sum_holds 11 (-24). Proof. by_two_sum. Qed.
