(* SPDX-License-Identifier: Apache-2.0 *)
(** Sums in any order, each addition in an arithmetic of its own. *)
From Fmtlab Require Import Numbers Sums.

(** A rounded addition: |fl(t) - t| <= relative |t| + absolute for the sums t that it gets. *)
Record addition := { fl : R -> R; relative : R; absolute : R }.

(** An order of summation: terms at the leaves, additions at the nodes. *)
Inductive tree := Leaf (x : R) | Node (a : addition) (l r : tree).

Fixpoint exact t := match t with Leaf x => x | Node _ l r => exact l + exact r end.
Fixpoint computed t := match t with Leaf x => x | Node a l r => fl a (computed l + computed r) end.

(** The sum of the terms' magnitudes. *)
Fixpoint A t := match t with Leaf x => Rabs x | Node _ l r => A l + A r end.

Fixpoint depth t := match t with Leaf _ => 0%nat | Node _ l r => S (max (depth l) (depth r)) end.
Fixpoint nodes t := match t with Leaf _ => 0%nat | Node _ l r => S (nodes l + nodes r) end.

(** Of what is rounded to u(t): the error at a node. *)
Definition local a l r := fl a (computed l + computed r) - (computed l + computed r).

(** Every addition errs as its record says. *)
Fixpoint standard t := match t with
  | Leaf _ => True
  | Node a l r => 0 <= relative a /\ 0 <= absolute a
      /\ Rabs (local a l r) <= relative a * Rabs (computed l + computed r) + absolute a /\ standard l /\ standard r
  end.

(** All additions are of one arithmetic. *)
Fixpoint uniform v h t := match t with
  | Leaf _ => True
  | Node a l r => relative a = v /\ absolute a = h /\ uniform v h l /\ uniform v h r
  end.

Lemma A_pos t : 0 <= A t.
Proof. induction t; simpl; [apply Rabs_pos|lra]. Qed.

Lemma abs_exact t : Rabs (exact t) <= A t.
Proof. induction t; simpl; [lra|]. eapply Rle_trans; [apply Rabs_triang|lra]. Qed.

Lemma abs_computed t : Rabs (computed t) <= A t + Rabs (computed t - exact t).
Proof. generalize (abs_exact t). by_signs. Qed.

Lemma error_node a l r : Rabs (computed (Node a l r) - exact (Node a l r))
  <= Rabs (local a l r) + Rabs (computed l - exact l) + Rabs (computed r - exact r).
Proof. simpl. unfold local. set (c := fl a _). by_signs. Qed.
