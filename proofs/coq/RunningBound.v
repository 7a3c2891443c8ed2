(* SPDX-License-Identifier: Apache-2.0 *)
(** What a result shows of its own error: |fl(x) - x| <= u |fl(x)| on the grid, <= u |fl(x)| + eta/2 in general, <= ulp(fl(x)) / 2; summed over
    the roundings these bound a sum. Bounds dot.running and dot.running-ulp. *)
From Fmtlab Require Import Numbers Sums RoundingError Telescoping SumTree.

Section Nearest.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Variable tie : Z -> bool.
Notation fl := (nearest tie p emin).
Notation u := (u p).

(** |fl(x) - x| <= ulp(fl(x)) / 2. *)
Theorem error_of_result_ulp x : Rabs (fl x - x) <= / 2 * ulp radix2 (FLT_exp emin p) (fl x).
Proof. apply error_le_half_ulp_round; typeclasses eauto. Qed.

(** |fl(x) - x| <= u |fl(x)| if the result is normal. *)
Theorem error_of_result_normal x : bpow radix2 (emin + p - 1) <= Rabs (fl x) -> Rabs (fl x - x) <= u * Rabs (fl x).
Proof.
intros H. eapply Rle_trans; [apply error_of_result_ulp|]. rewrite u_is_half_power, Rmult_assoc. apply Rmult_le_compat_l; [lra|].
rewrite Rmult_comm. replace (1 - p)%Z with (1 + - p)%Z by ring. now apply ulp_FLT_le.
Qed.

(** Below the normal range |fl(x) - x| <= eta/2. *)
Theorem error_of_result x : Rabs (fl x - x) <= u * Rabs (fl x) + half_eta emin.
Proof.
destruct (Rle_or_lt (bpow radix2 (emin + p - 1)) (Rabs (fl x))) as [H|H].
- generalize (error_of_result_normal x H) (half_eta_pos emin). lra.
- eapply Rle_trans; [apply error_of_result_ulp|]. rewrite ulp_FLT_small.
  + rewrite half_eta_is_half. assert (0 <= u * Rabs (fl x)) by (apply Rmult_le_pos; [apply Rlt_le, u_pos|apply Rabs_pos]). lra.
  + exact Hp.
  + apply Rlt_trans with (1 := H). apply bpow_lt. lia.
Qed.

(** Multiples of 2^emin do not underflow: |fl(x) - x| <= u |fl(x)|. *)
Theorem error_of_result_on_grid x : grid emin x -> Rabs (fl x - x) <= u * Rabs (fl x).
Proof.
intros G. destruct (Rle_or_lt (bpow radix2 (emin + p - 1)) (Rabs (fl x))) as [H|H]; [now apply error_of_result_normal|].
assert (E : fl x = x).
{ apply round_generic; [typeclasses eauto|]. apply generic_format_FLT_FIX; auto. apply Rlt_le.
  destruct (Rle_or_lt (bpow radix2 (emin + p)) (Rabs x)) as [L|S]; [|exact S]. exfalso. apply (Rlt_not_le _ _ H).
  apply abs_round_ge_generic; try typeclasses eauto.
  - apply generic_format_bpow. unfold FLT_exp. unfold Prec_gt_0 in Hp. lia.
  - apply Rle_trans with (2 := L). apply bpow_le. lia. }
rewrite E, Rminus_diag_eq, Rabs_R0 by reflexivity. apply Rmult_le_pos; [apply Rlt_le, u_pos|apply Rabs_pos].
Qed.

(** The results of the additions, in order. *)
Fixpoint results s xs := match xs with [] => [] | x :: r => fl (s + x) :: results (fl (s + x)) r end.

(** |computed - exact| <= sum of u |s_i| + eta/2 over the additions; *)
Theorem running_bound xs : forall s,
  Rabs (recursive fl s xs - (s + sum xs)) <= sum (map (fun c => u * Rabs c + half_eta emin) (results s xs)).
Proof.
intros s. rewrite <- (run_is_recursive fl xs 0 s). eapply Rle_trans; [apply error_le_local_errors|].
generalize 0%nat. revert s. induction xs as [|x xs IH]; intros s k; [apply Rle_refl|].
simpl local_errors. simpl results. simpl map. rewrite magnitude_cons, sum_cons. apply Rplus_le_compat; [apply error_of_result|apply IH].
Qed.

(** without eta if all numbers are multiples of 2^emin; *)
Theorem running_bound_grid xs : forall s, grid emin s -> (forall x, In x xs -> grid emin x) ->
  Rabs (recursive fl s xs - (s + sum xs)) <= u * magnitude (results s xs).
Proof.
intros s Gs Gx. rewrite <- (run_is_recursive fl xs 0 s). eapply Rle_trans; [apply error_le_local_errors|].
generalize 0%nat. revert s Gs. induction xs as [|x xs IH]; intros s Gs k; [unfold magnitude; simpl; lra|].
simpl local_errors. simpl results. rewrite !magnitude_cons, Rmult_plus_distr_l. apply Rplus_le_compat.
- apply error_of_result_on_grid, grid_plus; [exact Gs|apply Gx; now left].
- apply IH; [intros y Hy; apply Gx; now right|]. apply (format_on_grid p), generic_format_round; typeclasses eauto.
Qed.

(** and by half the gaps at the results. *)
Theorem running_bound_ulp xs : forall s,
  Rabs (recursive fl s xs - (s + sum xs)) <= sum (map (fun c => / 2 * ulp radix2 (FLT_exp emin p) c) (results s xs)).
Proof.
intros s. rewrite <- (run_is_recursive fl xs 0 s). eapply Rle_trans; [apply error_le_local_errors|].
generalize 0%nat. revert s. induction xs as [|x xs IH]; intros s k; [apply Rle_refl|].
simpl local_errors. simpl results. simpl map. rewrite magnitude_cons, sum_cons. apply Rplus_le_compat; [apply error_of_result_ulp|apply IH].
Qed.
End Nearest.

Section AnyMode.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Variable rnd : R -> Z.
Context {Hr : Valid_rnd rnd}.
Notation fl := (rounding rnd p emin).

(** In every other mode ulp for half an ulp, 2 u for u, and eta for eta/2. *)
Theorem directed_error_of_result_ulp x : Rabs (fl x - x) <= ulp radix2 (FLT_exp emin p) (fl x).
Proof.
destruct (Req_dec x 0) as [->|N]; [|apply Rlt_le, error_lt_ulp_round; try typeclasses eauto; exact N].
rewrite round_0, Rminus_diag_eq, Rabs_R0 by (reflexivity || typeclasses eauto). apply ulp_ge_0.
Qed.

Theorem directed_error_of_result x : Rabs (fl x - x) <= 2 * u p * Rabs (fl x) + 2 * half_eta emin.
Proof.
eapply Rle_trans; [apply directed_error_of_result_ulp|]. generalize (u_pos p) (half_eta_pos emin) (Rabs_pos (fl x)). intros.
assert (0 <= u p * Rabs (fl x)) by (apply Rmult_le_pos; lra).
destruct (Rle_or_lt (bpow radix2 (emin + p - 1)) (Rabs (fl x))) as [L|S].
- assert (ulp radix2 (FLT_exp emin p) (fl x) <= Rabs (fl x) * bpow radix2 (1 - p)) by now apply ulp_FLT_le.
  replace (bpow radix2 (1 - p)) with (2 * u p) in * by (rewrite u_is_half_power; field). lra.
- rewrite ulp_FLT_small; [|exact Hp|apply Rlt_trans with (1 := S), bpow_lt; lia].
  rewrite half_eta_is_half. lra.
Qed.
End AnyMode.

(** ** Any order of additions, each in its own arithmetic *)

(** What the results show: b of each addition's result, over all of them. *)
Fixpoint shown (b : addition -> R -> R) t := match t with Leaf _ => 0 | Node a l r => b a (computed (Node a l r)) + shown b l + shown b r end.

Fixpoint each_shows (b : addition -> R -> R) t := match t with
  | Leaf _ => True
  | Node a l r => Rabs (local a l r) <= b a (computed (Node a l r)) /\ each_shows b l /\ each_shows b r
  end.

Theorem tree_running_bound b t : each_shows b t -> Rabs (computed t - exact t) <= shown b t.
Proof.
induction t as [x|a l IHl r IHr].
- intros _. simpl. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. apply Rle_refl.
- intros (He & Hl & Hr). eapply Rle_trans; [apply error_node|]. specialize (IHl Hl). specialize (IHr Hr). simpl shown. simpl computed in *. lra.
Qed.
