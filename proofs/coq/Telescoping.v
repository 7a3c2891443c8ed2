(* SPDX-License-Identifier: Apache-2.0 *)
(** The error of a sum is the sum of its local errors. *)
From Fmtlab Require Import Numbers Sums.

Section Telescoping.
(** The k-th step: any function of the state and the term. It may round, saturate, flush, or do as random bits of step k tell. *)
Variable step : nat -> R -> R -> R.

Fixpoint run k s xs := match xs with [] => s | x :: r => run (S k) (step k s x) r end.

Definition local_error k s x := step k s x - (s + x).

Fixpoint local_errors k s xs := match xs with [] => [] | x :: r => local_error k s x :: local_errors (S k) (step k s x) r end.

(** computed - exact = e_1 + ... + e_n. *)
Theorem telescoping xs : forall k s, run k s xs - (s + sum xs) = sum (local_errors k s xs).
Proof.
induction xs as [|x r IH]; intros k s; simpl; [ring|]. rewrite <- IH. unfold local_error. ring.
Qed.

(** |computed - exact| <= |e_1| + ... + |e_n|. *)
Corollary error_le_local_errors xs k s : Rabs (run k s xs - (s + sum xs)) <= magnitude (local_errors k s xs).
Proof. rewrite telescoping. apply abs_sum. Qed.
End Telescoping.

Lemma run_is_recursive fl xs : forall k s, run (fun _ s x => fl (s + x)) k s xs = recursive fl s xs.
Proof. induction xs as [|x r IH]; intros k s; [reflexivity|]. apply IH. Qed.
