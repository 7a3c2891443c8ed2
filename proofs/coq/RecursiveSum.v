(* SPDX-License-Identifier: Apache-2.0 *)
(** Terms added one after the other: |computed - exact| <= k u A + k eta/2 for every k, and the compounding bound.
    Bounds dot.nu, dot.power, dot.gamma. *)
From Fmtlab Require Import Numbers Sums Telescoping RoundingError SumTree Compounding.

(** ** k u, for every number of terms *)

(** One step: an error d <= i (u A + h) of a sum with magnitude A becomes at most (i + 1) (u (A + x) + h), if the addition errs by e <= x, for the sum
    before it is a number of the format, and by e <= u (A + x + d) + h. *)
Lemma nu_step u h i A x d e : 0 <= u -> 0 <= h -> 0 <= i -> 0 <= A -> 0 <= x ->
  d <= i * (u * A + h) -> e <= x -> e <= u * (A + x + d) + h -> d + e <= (i + 1) * (u * (A + x) + h).
Proof.
intros Hu Hh Hi HA Hx Hd He1 He2. destruct (Rle_or_lt x (u * A + h)) as [S|L].
- assert (0 <= i * (u * x)) by (apply Rmult_le_pos; [|apply Rmult_le_pos]; assumption). nra.
- assert (u * d <= u * (i * x)) by (apply Rmult_le_compat_l; [|apply Rle_trans with (1 := Hd), Rmult_le_compat_l]; lra). nra.
Qed.

Section Nearest.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Variable tie : Z -> bool.
Notation fl := (nearest tie p emin).
Notation u := (u p).

Lemma relative_to_u x e h : e <= u / (1 + u) * Rabs x + h -> e <= u * Rabs x + h.
Proof.
intros He. assert (u / (1 + u) * Rabs x <= u * Rabs x) by (apply Rmult_le_compat_r; [apply Rabs_pos|apply shrunk_u]). lra.
Qed.

(** The error of an addition to a number of the format is at most the term. *)
Lemma error_le_term s x : format p emin s -> Rabs (fl (s + x) - (s + x)) <= Rabs x.
Proof.
intros Hs. eapply Rle_trans; [now apply error_nearest with (f := s)|]. replace (s - (s + x)) with (- x) by ring.
rewrite Rabs_Ropp. apply Rle_refl.
Qed.

(** What each addition may add to the relative error: nothing below the normal range if all terms are multiples of 2^emin. *)
Definition underflow (xs : list R) (h : R) := (forall x, In x xs -> grid emin x) /\ 0 <= h \/ half_eta emin <= h.

(** The magnitudes of all local errors together, and so the error. *)
Definition errors s xs := local_errors (fun _ s x => fl (s + x)) 0 s xs.

Lemma recursive_error s xs : Rabs (recursive fl s xs - (s + sum xs)) <= magnitude (errors s xs).
Proof. unfold errors. rewrite <- (run_is_recursive fl xs 0 s). apply error_le_local_errors. Qed.

Lemma nu_invariant h xs : underflow xs h -> forall s e A i E, format p emin s -> 0 <= A -> 0 <= i -> Rabs e <= A ->
  Rabs (s - e) <= E -> E <= i * (u * A + h) -> E + magnitude (errors s xs) <= (i + INR (length xs)) * (u * (A + magnitude xs) + h).
Proof.
unfold errors. generalize 0%nat. intros k Hh. assert (h0 : 0 <= h) by (destruct Hh as [[_ h0]|h0]; [exact h0|generalize (half_eta_pos emin); lra]).
revert k. induction xs as [|x xs IH]; intros k s e A i E Hs HA Hi He Hd HE.
{ simpl. unfold magnitude. simpl. rewrite !Rplus_0_r. exact HE. }
simpl local_errors. rewrite !magnitude_cons. change (length (x :: xs)) with (S (length xs)). rewrite S_INR, <- Rplus_assoc.
replace (i + (INR (length xs) + 1)) with (i + 1 + INR (length xs)) by ring. rewrite <- (Rplus_assoc A).
set (l := local_error _ _ _ _).
assert (Hl : E + Rabs l <= (i + 1) * (u * (A + Rabs x) + h)).
{ apply nu_step; try assumption; try apply Rabs_pos; try apply Rlt_le, u_pos; [now apply error_le_term|].
  assert (Q : Rabs l <= u * Rabs (s + x) + h).
  { apply relative_to_u. destruct Hh as [[G _]|Hh].
    - eapply Rle_trans; [apply error_on_grid; [exact Hp|]|lra]. apply grid_plus; [now apply format_on_grid in Hs|apply G; now left].
    - eapply Rle_trans; [apply error_mixed; exact Hp|lra]. }
  eapply Rle_trans; [exact Q|]. apply Rplus_le_compat_r, Rmult_le_compat_l; [apply Rlt_le, u_pos|].
  assert (Rabs (s + x) <= Rabs s + Rabs x) by apply Rabs_triang. assert (Rabs s <= Rabs e + Rabs (s - e)) by by_signs. lra. }
apply (IH (match Hh with or_introl H => or_introl (conj (fun y Hy => proj1 H y (or_intror Hy)) (proj2 H)) | or_intror H => or_intror H end)
  (S k) (fl (s + x)) (e + x)); try exact Hl.
- apply generic_format_round; typeclasses eauto.
- generalize (Rabs_pos x). lra.
- lra.
- eapply Rle_trans; [apply Rabs_triang|lra].
- replace (fl (s + x) - (e + x)) with ((s - e) + l) by (unfold l, local_error; ring). eapply Rle_trans; [apply Rabs_triang|lra].
Qed.

(** The local errors of n numbers of the format, the first of which is taken as it is: together at most (n - 1) u A. *)
Theorem local_errors_nu x xs : (forall y, In y (x :: xs) -> format p emin y) -> magnitude (errors x xs) <= INR (length xs) * u * magnitude (x :: xs).
Proof.
intros F. assert (U : underflow xs 0) by (left; split; [intros y Hy; apply (format_on_grid p), F; now right|lra]).
assert (B := nu_invariant 0 xs U x x (Rabs x) 0 0 (F x (or_introl eq_refl))). rewrite Rminus_diag_eq, Rabs_R0, !Rplus_0_l in B by reflexivity.
replace (INR (length xs) * u * magnitude (x :: xs)) with (INR (length xs) * (u * (Rabs x + magnitude xs) + 0)) by (rewrite magnitude_cons; ring).
apply B; try lra. apply Rabs_pos.
Qed.

(** n real terms from 0, rounded to nearest with any ties: |computed - exact| <= n u A + n eta/2. *)
Theorem recursive_sum_nu xs :
  Rabs (recursive fl 0 xs - sum xs) <= INR (length xs) * (u * magnitude xs + half_eta emin).
Proof.
assert (B := nu_invariant (half_eta emin) xs (or_intror (Rle_refl _)) 0 0 0 0 0 (generic_format_0 _ _)). assert (E := recursive_error 0 xs).
rewrite Rminus_0_r, Rabs_R0, !Rplus_0_l in B. rewrite Rplus_0_l in E. apply Rle_trans with (1 := E), B; lra.
Qed.

(** Nothing underflows if the terms are multiples of 2^emin: |computed - exact| <= n u A. *)
Theorem recursive_sum_nu_grid xs : (forall x, In x xs -> grid emin x) ->
  Rabs (recursive fl 0 xs - sum xs) <= INR (length xs) * u * magnitude xs.
Proof.
intros G. assert (B := nu_invariant 0 xs (or_introl (conj G (Rle_refl 0))) 0 0 0 0 0 (generic_format_0 _ _)). assert (E := recursive_error 0 xs).
rewrite Rminus_0_r, Rabs_R0, !Rplus_0_l in B. rewrite Rplus_0_l in E. apply Rle_trans with (1 := E).
replace (INR (length xs) * u * magnitude xs) with (INR (length xs) * (u * magnitude xs + 0)) by ring. apply B; lra.
Qed.

(** Terms of the format, the first of which is taken as it is: |computed - exact| <= (n - 1) u A (Jeannerod and Rump 2013). *)
Theorem recursive_sum_nu_format x xs : (forall y, In y (x :: xs) -> format p emin y) ->
  Rabs (recursive fl x xs - sum (x :: xs)) <= INR (length xs) * u * magnitude (x :: xs).
Proof.
intros F. apply Rle_trans with (1 := recursive_error x xs). now apply local_errors_nu.
Qed.
End Nearest.

(** ** Compounding, in any mode *)

(** The additions of a recursive sum as a tree. *)
Fixpoint chain a t xs := match xs with [] => t | x :: r => chain a (Node a t (Leaf x)) r end.

Lemma chain_computed a xs : forall t, computed (chain a t xs) = recursive (fl a) (computed t) xs.
Proof. induction xs as [|x r IH]; intros t; [reflexivity|]. apply IH. Qed.

Lemma chain_exact a xs : forall t, exact (chain a t xs) = exact t + sum xs.
Proof. induction xs as [|x r IH]; intros t; [simpl; ring|]. simpl. rewrite IH. simpl. ring. Qed.

Lemma chain_A a xs : forall t, A (chain a t xs) = A t + magnitude xs.
Proof. induction xs as [|x r IH]; intros t; [unfold magnitude; simpl; ring|]. simpl chain. rewrite IH, magnitude_cons. simpl. ring. Qed.

Lemma chain_depth a xs : forall t, depth (chain a t xs) = (length xs + depth t)%nat.
Proof. induction xs as [|x r IH]; intros t; [reflexivity|]. simpl chain. rewrite IH. simpl. rewrite Nat.max_0_r. lia. Qed.

Lemma chain_nodes a xs : forall t, nodes (chain a t xs) = (length xs + nodes t)%nat.
Proof. induction xs as [|x r IH]; intros t; [reflexivity|]. simpl chain. rewrite IH. simpl. lia. Qed.

Lemma chain_uniform a xs : forall t, uniform (relative a) (absolute a) t -> uniform (relative a) (absolute a) (chain a t xs).
Proof. induction xs as [|x r IH]; intros t Ht; [exact Ht|]. apply IH. simpl. auto. Qed.

Lemma chain_standard a (P : R -> Prop) xs : 0 <= relative a -> 0 <= absolute a ->
  (forall x, P x -> Rabs (fl a x - x) <= relative a * Rabs x + absolute a) ->
  (forall s x, P s -> In x xs -> P (fl a (s + x)) /\ P (s + x)) ->
  forall t, standard t -> P (computed t) -> standard (chain a t xs).
Proof.
intros Hv Hh Herr. induction xs as [|x r IH]; intros HP t Ht Pt; [exact Ht|].
simpl. apply IH.
- intros s y Hs Hy. apply HP; [exact Hs|now right].
- simpl. repeat split; try assumption. apply Herr. apply HP; [exact Pt|now left].
- simpl. apply HP; [exact Pt|now left].
Qed.

(** n real terms from 0, in any mode whose error is at most v |x| + h: |computed - exact| <= ((1 + v)^n - 1) A + (1 + v)^n n h. *)
Theorem recursive_sum_power f v h xs : 0 <= v -> 0 <= h -> (forall x, Rabs (f x - x) <= v * Rabs x + h) ->
  Rabs (recursive f 0 xs - sum xs) <= ((1 + v) ^ length xs - 1) * magnitude xs + (1 + v) ^ length xs * (INR (length xs) * h).
Proof.
intros Hv Hh Herr. set (a := {| fl := f; relative := v; absolute := h |}).
generalize (compounding_uniform v h (chain a (Leaf 0) xs) Hv Hh (chain_uniform a xs (Leaf 0) I)).
rewrite chain_computed, chain_exact, chain_A, chain_depth, chain_nodes. simpl.
rewrite Rabs_R0, !Rplus_0_l, !Nat.add_0_r. intros H. apply H.
apply (chain_standard a (fun _ => True)); simpl; auto.
Qed.

(** To nearest v = u / (1 + u) and h = eta/2; *)
Corollary recursive_sum_power_nearest p emin (Hp : Prec_gt_0 p) tie xs (v := u p / (1 + u p)) :
  Rabs (recursive (nearest tie p emin) 0 xs - sum xs)
    <= ((1 + v) ^ length xs - 1) * magnitude xs + (1 + v) ^ length xs * (INR (length xs) * half_eta emin).
Proof.
apply recursive_sum_power; [apply shrunk_u|apply Rlt_le, half_eta_pos|]. intros x. now apply error_mixed.
Qed.

(** in every other mode v = 2 u and h = eta. *)
Corollary recursive_sum_power_directed p emin (Hp : Prec_gt_0 p) rnd (Hr : Valid_rnd rnd) xs (v := 2 * u p) :
  Rabs (recursive (rounding rnd p emin) 0 xs - sum xs)
    <= ((1 + v) ^ length xs - 1) * magnitude xs + (1 + v) ^ length xs * (INR (length xs) * (2 * half_eta emin)).
Proof.
generalize (u_pos p) (half_eta_pos emin). intros. apply recursive_sum_power; [unfold v; lra|lra|].
intros x. now apply directed_error_mixed.
Qed.

(** Nothing underflows if the terms are multiples of 2^emin. *)
Theorem recursive_sum_power_grid p emin (Hp : Prec_gt_0 p) tie xs (v := u p / (1 + u p)) : (forall x, In x xs -> grid emin x) ->
  Rabs (recursive (nearest tie p emin) 0 xs - sum xs) <= ((1 + v) ^ length xs - 1) * magnitude xs.
Proof.
intros G. set (a := {| fl := nearest tie p emin; relative := v; absolute := 0 |}).
assert (Hv : 0 <= v) by apply shrunk_u.
generalize (compounding_uniform v 0 (chain a (Leaf 0) xs) Hv (Rle_refl 0) (chain_uniform a xs (Leaf 0) I)).
rewrite chain_computed, chain_exact, chain_A, chain_depth, chain_nodes. simpl.
rewrite Rabs_R0, !Rplus_0_l, !Nat.add_0_r, Rmult_0_r, Rmult_0_r, Rplus_0_r. intros H. apply H.
apply (chain_standard a (grid emin)); simpl; auto; try lra.
- intros x Hx. rewrite Rplus_0_r. now apply error_on_grid.
- intros s x Hs Hx. assert (grid emin (s + x)) by (apply grid_plus; auto). split; [|assumption].
  apply (format_on_grid p). apply generic_format_round; typeclasses eauto.
- apply grid_0.
Qed.
