(* SPDX-License-Identifier: Apache-2.0 *)
(** Sums to nearest in any order: |computed - exact| <= (u_1 + u_2 + ...) A, the sum over all additions, each in a precision of its own.
    Bound dot.nu for orders other than in sequence. For one precision Jeannerod and Rump (2013). *)
From Fmtlab Require Import Numbers Sums RoundingError RecursiveSum SumTree.

(** The sum of the additions' unit roundoffs. *)
Fixpoint U t := match t with Leaf _ => 0 | Node a l r => relative a + U l + U r end.

Definition is_leaf t := match t with Leaf _ => True | _ => False end.

(** To nearest an addition errs by at most either operand: for the other one is in the format. A term that is not (an exact product, say)
    may be added to a sum: the error is then at most the term. *)
Fixpoint nearest_tree t := match t with
  | Leaf _ => True
  | Node a l r => relative a <= 1 /\ absolute a = 0 /\ (is_leaf r \/ Rabs (local a l r) <= Rabs (computed l))
      /\ (is_leaf l \/ Rabs (local a l r) <= Rabs (computed r)) /\ nearest_tree l /\ nearest_tree r
  end.

Lemma error_leaf t : is_leaf t -> Rabs (computed t - exact t) = 0 /\ U t = 0.
Proof. destruct t; [|easy]. intros _. simpl. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. auto. Qed.


Theorem tree_sum_nu t : standard t -> nearest_tree t -> 0 <= U t /\ Rabs (computed t - exact t) <= U t * A t.
Proof.
induction t as [x|a l IHl r IHr].
{ intros _ _. simpl. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. lra. }
intros (Hv & _ & He & Sl & Sr) (Hu & H0 & Nl & Nr & Tl & Tr). rewrite H0, Rplus_0_r in He.
destruct (IHl Sl Tl) as [U1 E1], (IHr Sr Tr) as [U2 E2].
generalize (error_node a l r) (A_pos l) (A_pos r) (abs_computed l) (abs_computed r). simpl U. simpl A.
set (e := Rabs (local a l r)) in *. set (d1 := Rabs (computed l - exact l)) in *. set (d2 := Rabs (computed r - exact r)) in *.
set (u := relative a) in *. intros E A1 A2 C1 C2. split; [lra|]. apply Rle_trans with (1 := E).
assert (Q : Rabs (computed l + computed r) <= A l + d1 + (A r + d2)) by (eapply Rle_trans; [apply Rabs_triang|lra]).
assert (Q' : e <= u * (A l + d1 + (A r + d2))) by (eapply Rle_trans; [exact He|apply Rmult_le_compat_l; assumption]).
assert (ud1 : u * d1 <= u * (U l * A l)) by (apply Rmult_le_compat_l; assumption).
assert (ud2 : u * d2 <= u * (U r * A r)) by (apply Rmult_le_compat_l; assumption).
assert (uA1 : 0 <= u * A l) by (apply Rmult_le_pos; assumption). assert (uA2 : 0 <= u * A r) by (apply Rmult_le_pos; assumption).
assert (X1 : 0 <= U l * A r) by (apply Rmult_le_pos; assumption). assert (X2 : 0 <= U r * A l) by (apply Rmult_le_pos; assumption).
destruct (Rle_or_lt (A r) (u * A l)) as [S|Lr].
{ assert (U r * (u * A r) <= U r * A l) by (apply Rmult_le_compat_l; nra). assert (U r * A r <= U r * (u * A l)) by (apply Rmult_le_compat_l; assumption).
  destruct Nr as [Nr|Nr]; [|assert (U r * (u * A l) <= U r * A l) by (apply Rmult_le_compat_l; nra); lra].
  destruct (error_leaf l Nr) as [Z1 Z2]. fold d1 in Z1. rewrite Z1, Z2 in *. lra. }
destruct (Rle_or_lt (A l) (u * A r)) as [S|Ll].
{ assert (U l * (u * A l) <= U l * A r) by (apply Rmult_le_compat_l; nra). assert (U l * A l <= U l * (u * A r)) by (apply Rmult_le_compat_l; assumption).
  destruct Nl as [Nl|Nl]; [|assert (U l * (u * A r) <= U l * A r) by (apply Rmult_le_compat_l; nra); lra].
  destruct (error_leaf r Nl) as [Z1 Z2]. fold d2 in Z1. rewrite Z1, Z2 in *. lra. }
assert (U l * (u * A l) <= U l * A r) by (apply Rmult_le_compat_l; lra).
assert (U r * (u * A r) <= U r * A l) by (apply Rmult_le_compat_l; lra). lra.
Qed.

Lemma U_uniform v h t : uniform v h t -> U t = INR (nodes t) * v.
Proof.
induction t as [x|a l IHl r IHr]; [simpl; lra|]. intros (<- & _ & Hl & Hr).
change (nodes (Node a l r)) with (S (nodes l + nodes r)). rewrite S_INR, plus_INR. simpl U. rewrite IHl, IHr by assumption. ring.
Qed.

(** ** Terms of one format, in any order *)

(** The additions of a tree to nearest in F(p, emin). *)
Section OneFormat.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Variable tie : Z -> bool.
Definition adder := {| fl := nearest tie p emin; relative := u p; absolute := 0 |}.

Fixpoint order_of t := match t with Leaf x => format p emin x | Node a l r => a = adder /\ order_of l /\ order_of r end.

Lemma order_computed t : order_of t -> format p emin (computed t).
Proof. destruct t; simpl; [auto|]. intros (-> & _). apply generic_format_round; typeclasses eauto. Qed.

Lemma order_facts t : order_of t -> uniform (u p) 0 t /\ standard t /\ nearest_tree t.
Proof.
induction t as [x|a l IHl r IHr]; [simpl; auto|]. intros (-> & Hl & Hr).
destruct (IHl Hl) as (Ul & Sl & Nl), (IHr Hr) as (Ur & Sr & Nr).
generalize (order_computed l Hl) (order_computed r Hr). intros Fl Fr.
repeat split; try assumption; simpl.
- apply Rlt_le, u_pos.
- apply Rle_refl.
- apply relative_to_u. rewrite Rplus_0_r. apply error_on_grid; [exact Hp|]. apply grid_plus; now apply (format_on_grid p).
- generalize (u_le_half p Hp). lra.
- right. unfold local. simpl. rewrite Rplus_comm. now apply error_le_term.
- right. unfold local. simpl. now apply error_le_term.
Qed.

(** n numbers of the format added in any order, to nearest with any ties: |computed - exact| <= (n - 1) u A. *)
Theorem any_order_nu t : order_of t -> Rabs (computed t - exact t) <= INR (nodes t) * u p * A t.
Proof.
intros H. destruct (order_facts t H) as (Hu & Hs & Hn). rewrite <- (U_uniform _ _ _ Hu). now apply tree_sum_nu.
Qed.
End OneFormat.
