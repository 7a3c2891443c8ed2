(* SPDX-License-Identifier: Apache-2.0 *)
(** The constants of the theorems on double words, for the program to be compared with (double-words.txt): a row can only be written with its proof. *)
From Coq Require Import String.
From Fmtlab Require Import Numbers DoubleWord DoubleWordFactors DoubleWordSums DoubleWordAccurateSum DoubleWordTimesNumber DoubleWordTimesPlain
  DoubleWordTimesFused DoubleWordQuotient.
Local Open Scope Z_scope.

(** From p = from on, |z - r| <= (square/2 u^2 + cube u^3) / (1 - less/2 u) |r|. *)
Record row := Row {
  id : string; from : Z; square : Z; cube : Z; less : Z;
  operands : Z -> R * R -> R * R -> Prop; computed : Z -> R * R -> R * R -> R * R; exact : R * R -> R * R -> R;
  holds : forall p x y, Prec_gt_0 p -> from <= p -> operands p x y ->
    (Rabs (value (computed p x y) - exact x y) <= (IZR square / 2 * u p ^ 2 + IZR cube * u p ^ 3) / (1 - IZR less / 2 * u p) * Rabs (exact x y))%R }.

(** Two double words; the same, not of opposite signs; with a quotient; a double word and a number. *)
Definition double_words p (x y : R * R) := double_word p x /\ double_word p y.
Definition of_one_sign p (x y : R * R) := (double_word p x /\ double_word p y) /\ (0 <= fst x * fst y)%R.
Definition with_quotient p (x y : R * R) := (double_word p x /\ double_word p y) /\ fst y <> 0%R.
Definition and_number p (x y : R * R) := double_word p x /\ wide p (fst y).

Ltac begin := intros p x y Hp H Hxy; unfold double_words, of_one_sign, with_quotient, and_number in Hxy; assert (Hp1 : 1 < p) by lia; eapply Rle_trans.
Ltac same_constants p Hp1 :=
  assert (u4 := u_le_quarter p Hp1); assert (u0 := u_pos p); right; apply (f_equal (fun c => c * _)%R); field; lra.
Ltac by_theorem t := intros p x y Hp H Hxy; unfold double_words, of_one_sign, with_quotient, and_number in Hxy; assert (Hp1 : 1 < p) by lia;
  eapply Rle_trans; [apply t; try apply Hxy; try exact Hp; lia|same_constants p Hp1].

Definition sum (x y : R * R) := (value x + value y)%R.
Definition product (x y : R * R) := (value x * value y)%R.

Definition table : list row.
refine [
  Row "dw.plusfp" 2 4 0 0 and_number (fun p x y => plus_number p x (fst y)) (fun x y => value x + fst y)%R _;
  Row "dw.sloppydwplusdw" 2 6 2 0 of_one_sign sloppy_plus sum _;
  Row "dw.accuratedwplusdw" 3 6 0 5 double_words accurate_plus sum _;
  Row "dw.timesfp1" 2 3 4 0 and_number (fun p x y => times_number_1 p x (fst y)) (fun x y => value x * fst y)%R _;
  Row "dw.timesfp2" 2 6 0 0 and_number (fun p x y => times_number_2 p x (fst y)) (fun x y => value x * fst y)%R _;
  Row "dw.timesfp3" 2 4 0 0 and_number (fun p x y => times_number_3 p x (fst y)) (fun x y => value x * fst y)%R _;
  Row "dw.timesdw1" 2 14 0 0 double_words times_1 product _;
  Row "dw.timesdw1" 4 10 0 0 double_words times_1 product _;
  Row "dw.timesdw2" 2 14 0 0 double_words times_2 product _;
  Row "dw.timesdw2" 3 10 0 0 double_words times_2 product _;
  Row "dw.timesdw3" 2 12 0 0 double_words times_3 product _;
  Row "dw.timesdw3" 3 10 0 0 double_words times_3 product _;
  Row "dw.timesdw3" 4 8 0 0 double_words times_3 product _;
  Row "dw.divdw2" 3 25 56 0 with_quotient quotient (fun x y => value x / value y)%R _].
- by_theorem plus_number_bound.
- by_theorem sloppy_plus_bound.
- by_theorem accurate_plus_bound.
- by_theorem times_number_1_bound.
- by_theorem times_number_2_bound.
- by_theorem times_number_3_bound.
- begin. { exact (proj2 (proj1 (times_1_constants p Hp1) x y (proj1 Hxy) (proj2 Hxy))). } same_constants p Hp1.
- begin. { exact (proj2 (proj2 (times_1_constants p Hp1) H x y (proj1 Hxy) (proj2 Hxy))). } same_constants p Hp1.
- begin. { exact (proj2 (proj1 (times_2_constants p Hp1) x y (proj1 Hxy) (proj2 Hxy))). } same_constants p Hp1.
- begin. { exact (proj2 (proj2 (times_2_constants p Hp1) H x y (proj1 Hxy) (proj2 Hxy))). } same_constants p Hp1.
- begin. { exact (proj2 (proj1 (times_3_constants p Hp1) x y (proj1 Hxy) (proj2 Hxy))). } same_constants p Hp1.
- begin. { exact (proj2 (proj1 (proj2 (times_3_constants p Hp1)) H x y (proj1 Hxy) (proj2 Hxy))). } same_constants p Hp1.
- begin. { exact (proj2 (proj2 (proj2 (times_3_constants p Hp1)) H x y (proj1 Hxy) (proj2 Hxy))). } same_constants p Hp1.
- by_theorem quotient_bound.
Defined.

(** A line for a row: id, from, square, cube, less. *)
Ltac lines l := lazymatch l with [] => idtac | ?r :: ?t =>
  let n := eval cbn in (id r) in let a := eval cbn in (from r) in let b := eval cbn in (square r) in let c := eval cbn in (cube r) in let d := eval cbn in (less r) in
  idtac n a b c d; lines t end.
Goal True.
let l := eval unfold table in table in lines l.
Abort.
