(* SPDX-License-Identifier: Apache-2.0 *)
(** Hoeffding's lemma for two values: what has mean 0 and is one of two numbers g apart has E exp(l e) <= exp(l^2 g^2 / 8). *)
From Fmtlab Require Import Numbers.

Section TwoValues.
Variable f : R.
Hypothesis Hf : 0 <= f <= 1.

(** E exp of what is -f with probability 1 - f and 1 - f with probability f, times exp(h f). *)
Definition weight h := 1 - f + f * exp h.
Definition share h := f * exp h / weight h.

Lemma weight_pos h : 0 < weight h.
Proof. unfold weight. assert (E := exp_pos h). destruct (Req_dec f 0) as [->|N]; [lra|]. assert (0 < f * exp h) by (apply Rmult_lt_0_compat; lra). lra. Qed.

Lemma weight_derivative h : derivable_pt_lim weight h (f * exp h).
Proof.
replace (f * exp h) with (0 + f * exp h) by ring. apply (derivable_pt_lim_plus (fun _ => 1 - f) (fun h => f * exp h)).
- apply derivable_pt_lim_const.
- apply (derivable_pt_lim_scal exp f h (exp h)), derivable_pt_lim_exp.
Qed.

Lemma share_derivative h : derivable_pt_lim share h (share h * (1 - share h)).
Proof.
assert (W := weight_pos h). replace (share h * (1 - share h)) with ((f * exp h * weight h - f * exp h * (f * exp h)) / Rsqr (weight h)).
- apply (derivable_pt_lim_div (fun h => f * exp h) weight); [|apply weight_derivative|lra].
  apply (derivable_pt_lim_scal exp f h (exp h)), derivable_pt_lim_exp.
- unfold share, Rsqr. field. lra.
Qed.

(** share(h) - f lies between 0 and h/4. *)
Lemma share_near h : (0 <= h -> share h - f <= h / 4) /\ (h <= 0 -> h / 4 <= share h - f).
Proof.
assert (S0 : share 0 = f) by (unfold share, weight; rewrite exp_0; field; lra).
assert (Q : forall c, share c * (1 - share c) <= / 4) by (intros c; generalize (pow2_ge_0 (share c - / 2)); lra).
split; intros H; destruct (Req_dec h 0) as [->|N]; try (rewrite S0; lra).
- destruct (MVT_cor2 share (fun c => share c * (1 - share c)) 0 h) as (c & E & _); [lra|intros; apply share_derivative|].
  rewrite S0 in E. assert (share c * (1 - share c) * (h - 0) <= / 4 * (h - 0)) by (apply Rmult_le_compat_r; [lra|apply Q]). lra.
- destruct (MVT_cor2 share (fun c => share c * (1 - share c)) h 0) as (c & E & _); [lra|intros; apply share_derivative|].
  rewrite S0 in E. assert (share c * (1 - share c) * (0 - h) <= / 4 * (0 - h)) by (apply Rmult_le_compat_r; [lra|apply Q]). lra.
Qed.

(** h^2/8 + h f - ln (1 - f + f e^h) is 0 at 0 and its derivative has the sign of h. *)
Definition excess h := h * h / 8 + h * f - ln (weight h).

Lemma excess_derivative h : derivable_pt_lim excess h (h / 4 + f - share h).
Proof.
assert (W := weight_pos h). apply (derivable_pt_lim_minus (fun h => h * h / 8 + h * f) (fun h => ln (weight h))).
- apply (derivable_pt_lim_plus (fun h => h * h / 8) (fun h => h * f)).
  + replace (h / 4) with (/ 8 * (1 * h + h * 1)) by field.
    apply derivable_pt_lim_ext with (fun h => / 8 * (h * h)); [intros z; field|].
    apply (derivable_pt_lim_scal (fun h => h * h) (/ 8) h (1 * h + h * 1)), (derivable_pt_lim_mult id id h 1 1); apply derivable_pt_lim_id.
  + apply derivable_pt_lim_ext with (fun h => f * h); [intros z; ring|].
    assert (D := derivable_pt_lim_scal id f h 1 (derivable_pt_lim_id h)). rewrite Rmult_1_r in D. exact D.
- replace (share h) with (/ weight h * (f * exp h)) by (unfold share; field; lra).
  apply (derivable_pt_lim_comp weight ln h (f * exp h) (/ weight h)); [apply weight_derivative|apply derivable_pt_lim_ln, weight_pos].
Qed.

Lemma excess_pos h : 0 <= excess h.
Proof.
assert (E0 : excess 0 = 0) by (unfold excess, weight; rewrite exp_0; replace (1 - f + f * 1) with 1 by ring; rewrite ln_1; field).
destruct (Rtotal_order h 0) as [H|[->|H]]; [|lra|].
- destruct (MVT_cor2 excess (fun c => c / 4 + f - share c) h 0 H) as (c & E & Hc); [intros; apply excess_derivative|].
  rewrite E0 in E. assert (N := proj2 (share_near c) ltac:(lra)). assert ((c / 4 + f - share c) * (0 - h) <= 0 * (0 - h)) by (apply Rmult_le_compat_r; lra). lra.
- destruct (MVT_cor2 excess (fun c => c / 4 + f - share c) 0 h H) as (c & E & Hc); [intros; apply excess_derivative|].
  rewrite E0 in E. assert (N := proj1 (share_near c) ltac:(lra)). assert (0 * (h - 0) <= (c / 4 + f - share c) * (h - 0)) by (apply Rmult_le_compat_r; lra). lra.
Qed.

Theorem hoeffding h : (1 - f) * exp (- h * f) + f * exp (h * (1 - f)) <= exp (h * h / 8).
Proof.
replace ((1 - f) * exp (- h * f) + f * exp (h * (1 - f))) with (exp (ln (weight h) - h * f)).
- assert (H := excess_pos h). unfold excess in H. destruct (Rle_lt_or_eq_dec (ln (weight h) - h * f) (h * h / 8) ltac:(lra)) as [I|I]; [now apply Rlt_le, exp_increasing|rewrite I; lra].
- unfold Rminus at 1. rewrite exp_plus, exp_ln by apply weight_pos. replace (h * (1 - f)) with (h + - (h * f)) by ring. rewrite exp_plus.
  replace (- h * f) with (- (h * f)) by ring. unfold weight. ring.
Qed.
End TwoValues.
