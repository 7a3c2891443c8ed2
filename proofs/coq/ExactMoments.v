(* SPDX-License-Identifier: Apache-2.0 *)
(** The mean and the mean square of an accumulator's error for independent terms of a finite law, by recurrences over states: exact, for any step.
    `fmtlab distribution`. *)
From Fmtlab Require Import Numbers Sums WorstCase.

Section Moments.
Variable step : R -> R -> R.
(** The law of a term: probabilities and values. *)
Variable law : list (R * R).

(** The mean of f over one term, and of F over n independent ones. *)
Fixpoint over (l : list (R * R)) (f : R -> R) : R := match l with [] => 0 | (w, x) :: r => w * f x + over r f end.
Fixpoint mean (n : nat) (F : list R -> R) : R := match n with O => F [] | S m => over law (fun x => mean m (fun xs => F (x :: xs))) end.

Hypothesis mass : over law (fun _ => 1) = 1.

Lemma over_ext f g l : (forall x, f x = g x) -> over l f = over l g.
Proof. intros H. induction l as [|[w x] l IH]; simpl; [reflexivity|]. now rewrite H, IH. Qed.

Lemma over_plus f g l : over l (fun x => f x + g x) = over l f + over l g.
Proof. induction l as [|[w x] l IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma over_times a f l : over l (fun x => a * f x) = a * over l f.
Proof. induction l as [|[w x] l IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma mean_ext n : forall F G, (forall xs, F xs = G xs) -> mean n F = mean n G.
Proof. induction n; intros F G H; simpl; [apply H|]. apply over_ext. intros x. apply IHn. intros xs. apply H. Qed.

Lemma mean_plus n : forall F G, mean n (fun xs => F xs + G xs) = mean n F + mean n G.
Proof.
induction n; intros F G; simpl; [reflexivity|]. rewrite <- over_plus. apply over_ext. intros x.
apply (IHn (fun xs => F (x :: xs)) (fun xs => G (x :: xs))).
Qed.

Lemma mean_times n : forall a F, mean n (fun xs => a * F xs) = a * mean n F.
Proof.
induction n; intros a F; simpl; [reflexivity|]. rewrite <- over_times. apply over_ext. intros x. apply (IHn a (fun xs => F (x :: xs))).
Qed.

Lemma mean_constant n a : mean n (fun _ => a) = a.
Proof.
induction n; simpl; [reflexivity|]. rewrite (over_ext _ (fun _ => a * 1)), over_times, mass; [ring|]. intros x. now rewrite IHn, Rmult_1_r.
Qed.

Definition error s xs := final step s xs - (s + sum xs).

Lemma error_cons s x xs : error s (x :: xs) = local step s x + error (step s x) xs.
Proof. unfold error, final, local. simpl. ring. Qed.

(** m_0 = 0, m_n(s) = mean over x of local(s, x) + m_(n-1)(step(s, x)). *)
Fixpoint m (n : nat) (s : R) : R := match n with O => 0 | S k => over law (fun x => local step s x + m k (step s x)) end.

(** q_0 = 0, q_n(s) = mean over x of local^2 + 2 local m_(n-1)(step) + q_(n-1)(step). *)
Fixpoint q (n : nat) (s : R) : R := match n with
  | O => 0
  | S k => over law (fun x => local step s x * local step s x + 2 * local step s x * m k (step s x) + q k (step s x))
  end.

(** E error = m_n(s). *)
Theorem mean_error_exact n : forall s, mean n (error s) = m n s.
Proof.
induction n as [|n IH]; intros s; simpl; [unfold error, final; simpl; ring|]. apply over_ext. intros x.
rewrite (mean_ext n _ (fun xs => local step s x + error (step s x) xs)) by (intros; apply error_cons).
rewrite (mean_plus n (fun _ => local step s x)), mean_constant. now rewrite IH.
Qed.

(** E error^2 = q_n(s). *)
Theorem mean_square_error_exact n : forall s, mean n (fun xs => error s xs * error s xs) = q n s.
Proof.
induction n as [|n IH]; intros s; simpl; [unfold error, final; simpl; ring|]. apply over_ext. intros x. set (l := local step s x).
rewrite (mean_ext n _ (fun xs => (l * l + 2 * l * error (step s x) xs) + error (step s x) xs * error (step s x) xs))
  by (intros; rewrite error_cons; fold l; ring).
rewrite (mean_plus n (fun xs => l * l + 2 * l * error (step s x) xs)), IH.
rewrite (mean_plus n (fun _ => l * l)), mean_constant, (mean_times n (2 * l)). now rewrite (mean_error_exact n).
Qed.
End Moments.
