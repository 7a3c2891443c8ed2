(* SPDX-License-Identifier: Apache-2.0 *)
(** The exact worst case of an accumulator by dynamic programming: no inputs do worse, and some attain it. For any step, rounded as it may be, terms from
    a finite set, and any cost that adds up over the steps: the error, or D error - N |x| for the ratio. `fmtlab worst`. *)
From Fmtlab Require Import Numbers Sums Telescoping.

Section WorstCase.
(** The state after a term: rounded, saturated, flushed, anything; and what the step costs. *)
Variable step : R -> R -> R.
Variable cost : R -> R -> R.
(** The terms: x0 and those of X. *)
Variables (x0 : R) (X : list R).

Definition final s xs := fold_left step xs s.
Fixpoint total s xs := match xs with [] => 0 | x :: r => cost s x + total (step s x) r end.

(** max over terms x of f(x). *)
Fixpoint largest (f : R -> R) (d : R) (l : list R) : R := match l with [] => d | x :: r => Rmax (f x) (largest f d r) end.

(** The largest cost of n more terms in state s: W_0 = 0, W_n(s) = max over x of cost(s, x) + W_(n-1)(step(s, x)). *)
Fixpoint W (n : nat) (s : R) : R := match n with
  | O => 0
  | S m => largest (fun x => cost s x + W m (step s x)) (cost s x0 + W m (step s x0)) X
  end.

Lemma largest_of f d l x : In x l -> f x <= largest f d l.
Proof.
induction l as [|a l IH]; simpl; [easy|]. intros [<-|H]; [apply Rmax_l|]. apply Rle_trans with (1 := IH H), Rmax_r.
Qed.

Lemma largest_default f d l : d <= largest f d l.
Proof. induction l; simpl; [apply Rle_refl|]. apply Rle_trans with (1 := IHl), Rmax_r. Qed.

Lemma largest_attained f d l : largest f d l = d \/ exists x, In x l /\ largest f d l = f x.
Proof.
induction l as [|a l IH]; simpl; [now left|]. unfold Rmax at 1 2. destruct (Rle_dec (f a) (largest f d l)) as [H|H].
- destruct IH as [->|(x & Hx & ->)]; [now left|right; exists x; auto].
- right. exists a. auto.
Qed.

(** The cost of n terms from state s is at most W_n(s), *)
Theorem worst_case_is_bound xs : forall s, Forall (fun x => In x (x0 :: X)) xs -> total s xs <= W (length xs) s.
Proof.
induction xs as [|x r IH]; intros s H; simpl; [lra|]. inversion_clear H as [|? ? Hx Hr]. specialize (IH (step s x) Hr).
assert (L : cost s x + W (length r) (step s x) <= largest (fun x => cost s x + W (length r) (step s x)) (cost s x0 + W (length r) (step s x0)) X).
{ destruct Hx as [<-|Hx]; [apply largest_default|]. now apply (largest_of (fun x => cost s x + W (length r) (step s x))). }
lra.
Qed.

(** and some terms attain it. *)
Theorem worst_case_is_attained n : forall s, exists xs, length xs = n /\ Forall (fun x => In x (x0 :: X)) xs /\ total s xs = W n s.
Proof.
induction n as [|n IH]; intros s; [exists []; simpl; auto|].
assert (E : exists x, In x (x0 :: X) /\ W (S n) s = cost s x + W n (step s x)).
{ simpl. destruct (largest_attained (fun x => cost s x + W n (step s x)) (cost s x0 + W n (step s x0)) X) as [->|(x & Hx & ->)];
  [exists x0|exists x]; auto. }
destruct E as (x & Hx & Hw). destruct (IH (step s x)) as (xs & Hl & Hf & He). exists (x :: xs).
split; [simpl; now rewrite Hl|]. split; [now constructor|]. rewrite Hw, <- He. reflexivity.
Qed.

(** A certificate: any set of states that steps do not leave and any potential phi with cost(s, x) + phi(step(s, x)) <= phi(s) + c bound the cost of n
    terms by n c + phi(s) - phi(end). The terms may be infinitely many. *)
Section Potential.
Variables (state : R -> Prop) (term : R -> Prop) (phi : R -> R) (c : R).
Hypothesis closed : forall s x, state s -> term x -> state (step s x).
Hypothesis decreasing : forall s x, state s -> term x -> cost s x + phi (step s x) <= phi s + c.

Theorem potential_bound xs : forall s, state s -> Forall term xs -> total s xs <= INR (length xs) * c + phi s - phi (final s xs).
Proof.
induction xs as [|x r IH]; intros s Hs H; [unfold final; simpl; lra|]. inversion_clear H as [|? ? Hx Hr].
specialize (IH _ (closed s x Hs Hx) Hr). generalize (decreasing s x Hs Hx).
change (length (x :: r)) with (S (length r)). rewrite S_INR. unfold final in *. simpl. lra.
Qed.
End Potential.
End WorstCase.

(** ** The error as a cost *)

Section Error.
Variable step : R -> R -> R.

Definition local s x := step s x - (s + x).

Theorem total_is_error xs : forall s, total step local s xs = final step s xs - (s + sum xs).
Proof.
unfold final. induction xs as [|x r IH]; intros s; simpl; [ring|]. rewrite IH. unfold local. ring.
Qed.

(** D error - N A. *)
Theorem total_is_ratio D N xs : forall s, total step (fun s x => D * local s x - N * Rabs x) s xs = D * (final step s xs - (s + sum xs)) - N * magnitude xs.
Proof.
unfold final, magnitude. induction xs as [|x r IH]; intros s; simpl; [ring|]. rewrite IH. unfold local. ring.
Qed.

(** ** Cells: the terms that lead from s to t *)

(** If the step is monotone in the term, they are consecutive; *)
Theorem cell_is_interval s t x1 x x2 : (forall a b, a <= b -> step s a <= step s b) ->
  step s x1 = t -> step s x2 = t -> x1 <= x <= x2 -> step s x = t.
Proof. intros M H1 H2 [L1 L2]. apply Rle_antisym; [rewrite <- H2|rewrite <- H1]; now apply M. Qed.

(** and with 0 <= N <= D the smallest of them costs the most. *)
Theorem cell_smallest_is_worst D N s x1 x : 0 <= N <= D -> step s x1 = step s x -> x1 <= x ->
  D * local s x - N * Rabs x <= D * local s x1 - N * Rabs x1.
Proof.
intros [HN HD] E L. unfold local. rewrite E.
assert (Rabs x1 <= Rabs x + (x - x1)) by by_signs. assert (N * Rabs x1 <= N * (Rabs x + (x - x1))) by (apply Rmult_le_compat_l; assumption).
assert (N * (x - x1) <= D * (x - x1)) by (apply Rmult_le_compat_r; lra). lra.
Qed.

(** ** Chunks: sums whose terms are sums *)

(** A chunk's result and its cost; *)
Definition chunk := (R * R)%type.

(** the cost of all is that of the chunks and that of adding their results. *)
Definition chunked_total cost s (chunks : list chunk) := total step cost s (map fst chunks) + sum (map snd chunks).

(** If U(r) is the largest cost of a chunk with result r, chunks are terms that cost U(r) more. *)
Theorem chunks_bound cost U s chunks : (forall c, In c chunks -> snd c <= U (fst c)) ->
  chunked_total cost s chunks <= total step (fun s r => cost s r + U r) s (map fst chunks).
Proof.
unfold chunked_total. revert s. induction chunks as [|c l IH]; intros s H; simpl; [lra|].
specialize (IH (step s (fst c)) (fun d Hd => H d (or_intror Hd))). generalize (H c (or_introl eq_refl)). lra.
Qed.

Theorem chunks_attained cost U s chunks : (forall c, In c chunks -> snd c = U (fst c)) ->
  chunked_total cost s chunks = total step (fun s r => cost s r + U r) s (map fst chunks).
Proof.
unfold chunked_total. revert s. induction chunks as [|c l IH]; intros s H; simpl; [ring|].
rewrite <- (IH (step s (fst c)) (fun d Hd => H d (or_intror Hd))), <- (H c (or_introl eq_refl)). ring.
Qed.
End Error.
