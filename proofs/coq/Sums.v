(* SPDX-License-Identifier: Apache-2.0 *)
(** Sums of lists, exact and computed one term after the other. *)
From Fmtlab Require Import Numbers.

(** x_1 + ... + x_n, and |x_1| + ... + |x_n|. *)
Definition sum (xs : list R) : R := fold_right Rplus 0 xs.
Definition magnitude (xs : list R) : R := sum (map Rabs xs).

(** s <- fl(s + x) for each term x. *)
Definition recursive (fl : R -> R) (s : R) (xs : list R) : R := fold_left (fun s x => fl (s + x)) xs s.

Lemma sum_cons x xs : sum (x :: xs) = x + sum xs.
Proof. reflexivity. Qed.

Lemma magnitude_cons x xs : magnitude (x :: xs) = Rabs x + magnitude xs.
Proof. reflexivity. Qed.

Lemma sum_app xs ys : sum (xs ++ ys) = sum xs + sum ys.
Proof. induction xs; simpl; [ring|rewrite IHxs; ring]. Qed.

Lemma magnitude_app xs ys : magnitude (xs ++ ys) = magnitude xs + magnitude ys.
Proof. unfold magnitude. rewrite map_app. apply sum_app. Qed.

Lemma magnitude_pos xs : 0 <= magnitude xs.
Proof. induction xs as [|x xs IH]; [apply Rle_refl|]. rewrite magnitude_cons. generalize (Rabs_pos x). lra. Qed.

Lemma abs_sum xs : Rabs (sum xs) <= magnitude xs.
Proof.
induction xs as [|x xs IH]; [simpl; rewrite Rabs_R0; apply Rle_refl|].
rewrite sum_cons, magnitude_cons. eapply Rle_trans; [apply Rabs_triang|lra].
Qed.

Lemma recursive_cons fl s x xs : recursive fl s (x :: xs) = recursive fl (fl (s + x)) xs.
Proof. reflexivity. Qed.

Lemma recursive_format p emin rnd (Hp : Prec_gt_0 p) (Hr : Valid_rnd rnd) xs : forall s,
  format p emin s -> format p emin (recursive (rounding rnd p emin) s xs).
Proof.
induction xs as [|x xs IH]; intros s Hs; [exact Hs|]. rewrite recursive_cons. apply IH, generic_format_round; typeclasses eauto.
Qed.

(** Decides goals and hypotheses in absolute values by cases. *)
Ltac by_signs := repeat (unfold Rabs in *; destruct Rcase_abs); lra.
