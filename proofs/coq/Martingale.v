(* SPDX-License-Identifier: Apache-2.0 *)
(** A sum with stochastic rounding and W, the sum of gap^2/4 over its roundings, which is seen afterwards: exp(lambda error - lambda^2 W/2) has mean 1 at
    most, so large errors with small W are unlikely. What the bound dot.martingale begins with. In every format, whatever it does below 2^emin. *)
From Fmtlab Require Import Numbers Sums StochasticRounding Hoeffding StochasticSum.

Section Martingale.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Notation fexp := (FLT_exp emin p).
Notation down := (round radix2 fexp Zfloor).
Notation up := (round radix2 fexp Zceil).
Notation rounded := (rounded p emin).

Definition gap x := up x - down x.

(** The mean of f of a sum and its W. *)
Fixpoint E t (f : R -> R -> R) := match t with
  | Leaf x => f x 0
  | Node l r => E l (fun a wa => E r (fun b wb => rounded (a + b) (fun y => f y (wa + wb + gap (a + b) ^ 2 / 4)))) end.

Lemma E_le t : forall f g, (forall y w, f y w <= g y w) -> E t f <= E t g.
Proof.
induction t as [x|l IHl r IHr]; intros f g H; [apply H|]. simpl. apply IHl. intros a wa. apply IHr. intros b wb. apply rounded_le; (exact Hp || apply H).
Qed.

Lemma E_times t k : forall f, E t (fun y w => k * f y w) = k * E t f.
Proof.
assert (Ext : forall t f g, (forall y w, f y w = g y w) -> E t f = E t g).
{ intros t' f g H. apply Rle_antisym; apply E_le; intros y w; rewrite H; lra. }
induction t as [x|l IHl r IHr]; intros f; [reflexivity|]. simpl. rewrite <- IHl. apply Ext. intros a wa. rewrite <- IHr. apply Ext. intros b wb. unfold StochasticSum.rounded. ring.
Qed.

Lemma E_plus t : forall f g, E t (fun y w => f y w + g y w) = E t f + E t g.
Proof.
assert (Ext : forall t f g, (forall y w, f y w = g y w) -> E t f = E t g).
{ intros t' f g H. apply Rle_antisym; apply E_le; intros y w; rewrite H; lra. }
induction t as [x|l IHl r IHr]; intros f g; [reflexivity|]. simpl. rewrite <- IHl. apply Ext. intros a wa. rewrite <- IHr. apply Ext. intros b wb. unfold StochasticSum.rounded. ring.
Qed.

Lemma rounding_moment_gap lam x : rounded x (fun y => exp (lam * (y - x))) <= exp (lam ^ 2 / 2 * (gap x ^ 2 / 4)).
Proof.
destruct (generic_format_EM radix2 fexp x) as [H|H].
- unfold StochasticSum.rounded, gap. rewrite !round_generic by (auto; typeclasses eauto). replace (x - x) with 0 by ring. rewrite !Rmult_0_r.
  replace (lam ^ 2 / 2 * (0 ^ 2 / 4)) with 0 by field. rewrite exp_0. lra.
- destruct (neighbours fexp x H) as ((H1 & H2) & _). eapply Rle_trans; [|apply Rle_trans with (1 := hoeffding _ (probability_range p emin x) (lam * gap x))].
  + right. unfold StochasticSum.rounded. f_equal; f_equal; f_equal; unfold probability, gap; field; lra.
  + right. f_equal. field.
Qed.

Theorem supermartingale lam t : E t (fun y w => exp (lam * (y - exact t) - lam ^ 2 / 2 * w)) <= 1.
Proof.
induction t as [x|l IHl r IHr]; [simpl; replace (lam * (x - x) - _) with 0 by ring; rewrite exp_0; lra|].
change (E (Node l r) (fun y w => exp (lam * (y - exact (Node l r)) - lam ^ 2 / 2 * w))) with
  (E l (fun a wa => E r (fun b wb => rounded (a + b) (fun y => exp (lam * (y - (exact l + exact r)) - lam ^ 2 / 2 * (wa + wb + gap (a + b) ^ 2 / 4)))))).
set (F := fun a w => exp (lam * (a - exact l) - lam ^ 2 / 2 * w)) in *. set (G := fun b w => exp (lam * (b - exact r) - lam ^ 2 / 2 * w)) in *.
apply Rle_trans with (E l (fun a wa => F a wa * 1)).
- apply E_le. intros a wa. apply Rle_trans with (E r (fun b wb => F a wa * G b wb)).
  + apply E_le. intros b wb. set (x := a + b). assert (M := rounding_moment_gap lam x). set (g := lam ^ 2 / 2 * (gap x ^ 2 / 4)) in *.
    apply Rle_trans with (F a wa * G b wb * exp (- g) * rounded x (fun y => exp (lam * (y - x)))).
    * right. assert (S : forall y, exp (lam * (y - (exact l + exact r)) - lam ^ 2 / 2 * (wa + wb + gap x ^ 2 / 4)) = F a wa * G b wb * exp (- g) * exp (lam * (y - x))).
      { intros y. unfold F, G. rewrite <- !exp_plus. f_equal. unfold g, x. field. }
      unfold StochasticSum.rounded. rewrite !S. ring.
    * apply Rle_trans with (F a wa * G b wb * exp (- g) * exp g).
      -- apply Rmult_le_compat_l; [|exact M]. repeat apply Rmult_le_pos; apply Rlt_le, exp_pos.
      -- right. rewrite Rmult_assoc, <- exp_plus. replace (- g + g) with 0 by ring. rewrite exp_0. ring.
  + rewrite E_times. apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|exact IHr].
- apply Rle_trans with (2 := IHl), E_le. intros a wa. unfold F. lra.
Qed.

(** The probability of an error of c or more with W <= V. *)
Definition tail t c V := E t (fun y w => if Rle_dec c (Rabs (y - exact t)) then if Rle_dec w V then 1 else 0 else 0).

Theorem a_posteriori t c V : 0 <= c -> 0 < V -> tail t c V <= 2 * exp (- (c ^ 2 / (2 * V))).
Proof.
intros Hc HV. set (lam := c / V). assert (l0 : 0 <= lam) by (apply Rmult_le_pos; [exact Hc|apply Rlt_le, Rinv_0_lt_compat, HV]). set (k := exp (- (c ^ 2 / (2 * V)))).
apply Rle_trans with (k * (E t (fun y w => exp (lam * (y - exact t) - lam ^ 2 / 2 * w)) + E t (fun y w => exp (- lam * (y - exact t) - (- lam) ^ 2 / 2 * w)))).
- unfold tail. rewrite <- E_plus, <- E_times. apply E_le. intros y w. set (d := y - exact t).
  assert (P1 := exp_pos (lam * d - lam ^ 2 / 2 * w)). assert (P2 := exp_pos (- lam * d - (- lam) ^ 2 / 2 * w)). assert (k0 : 0 < k) by apply exp_pos.
  destruct (Rle_dec c (Rabs d)) as [I|I]; [destruct (Rle_dec w V) as [J|J]|]; try (apply Rmult_le_pos; lra).
  assert (Ek : k = exp (- (lam * c - lam ^ 2 / 2 * V))) by (unfold k, lam; f_equal; field; lra).
  assert (Q : lam ^ 2 / 2 * w <= lam ^ 2 / 2 * V) by (apply Rmult_le_compat_l; [assert (0 <= lam ^ 2) by apply pow2_ge_0; lra|exact J]).
  rewrite Rmult_plus_distr_l, Ek, <- !exp_plus. replace ((- lam) ^ 2) with (lam ^ 2) by ring. rewrite <- exp_0.
  assert (Q1 := exp_pos (- (lam * c - lam ^ 2 / 2 * V) + (lam * d - lam ^ 2 / 2 * w))). assert (Q2 := exp_pos (- (lam * c - lam ^ 2 / 2 * V) + (- lam * d - lam ^ 2 / 2 * w))).
  unfold Rabs in I. destruct (Rcase_abs d).
  + assert (lam * c <= lam * - d) by (apply Rmult_le_compat_l; lra). assert (exp 0 <= exp (- (lam * c - lam ^ 2 / 2 * V) + (- lam * d - lam ^ 2 / 2 * w))) by (apply exp_le; lra). lra.
  + assert (lam * c <= lam * d) by (apply Rmult_le_compat_l; lra). assert (exp 0 <= exp (- (lam * c - lam ^ 2 / 2 * V) + (lam * d - lam ^ 2 / 2 * w))) by (apply exp_le; lra). lra.
- assert (M1 := supermartingale lam t). assert (M2 := supermartingale (- lam) t). rewrite (Rmult_comm 2). apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|lra].
Qed.
End Martingale.
