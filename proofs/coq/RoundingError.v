(* SPDX-License-Identifier: Apache-2.0 *)
(** The error of one rounding: relative in the normal range, absolute below it, none for multiples of the smallest number. *)
From Fmtlab Require Import Numbers.
From Flocq Require Import Relative.

Section Nearest.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Variable tie : Z -> bool.
Notation fl := (nearest tie p emin).
Notation u := (u p).

(** In the normal range |fl(x) - x| <= u / (1 + u) |x|. *)
Theorem error_normal x : bpow radix2 (emin + p - 1) <= Rabs x -> Rabs (fl x - x) <= u / (1 + u) * Rabs x.
Proof.
intros H. rewrite round_FLT_FLX by assumption.
replace u with (u_ro radix2 p) by (rewrite u_is_half_power; unfold u_ro; do 2 f_equal; ring).
apply relative_error_N_FLX'. exact Hp.
Qed.

(** Below it |fl(x) - x| <= eta / 2. *)
Theorem error_subnormal x : Rabs x < bpow radix2 (emin + p) -> Rabs (fl x - x) <= half_eta emin.
Proof.
intros H. eapply Rle_trans; [apply error_le_half_ulp; typeclasses eauto|].
rewrite half_eta_is_half, ulp_FLT_small by (exact Hp || exact H). apply Rle_refl.
Qed.

Lemma shrunk_u : 0 <= u / (1 + u) <= u.
Proof.
generalize (u_pos p). intros. split.
- apply Rmult_le_pos; [lra|]. left. apply Rinv_0_lt_compat. lra.
- apply Rmult_le_reg_r with (1 + u); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra.
Qed.

(** Everywhere |fl(x) - x| <= u / (1 + u) |x| + eta / 2; the larger of the two is enough. *)
Theorem error_max x : Rabs (fl x - x) <= Rmax (u / (1 + u) * Rabs x) (half_eta emin).
Proof.
destruct (Rle_or_lt (bpow radix2 (emin + p - 1)) (Rabs x)) as [H|H].
- eapply Rle_trans; [now apply error_normal|apply Rmax_l].
- eapply Rle_trans; [|apply Rmax_r]. apply error_subnormal.
  eapply Rlt_le_trans; [exact H|apply bpow_le; lia].
Qed.

Corollary error_mixed x : Rabs (fl x - x) <= u / (1 + u) * Rabs x + half_eta emin.
Proof.
eapply Rle_trans; [apply error_max|]. generalize shrunk_u (half_eta_pos emin) (Rabs_pos x). intros.
apply Rmax_lub; nra.
Qed.

(** No number of the format is nearer. *)
Theorem error_nearest x f : format p emin f -> Rabs (fl x - x) <= Rabs (f - x).
Proof. intros Hf. now apply (round_N_pt radix2 (FLT_exp emin p) tie x). Qed.

(** Multiples of 2^emin do not underflow: |fl(x) - x| <= u / (1 + u) |x| wherever they lie. Sums of numbers of the format are such, and products of
    two formats with emin <= emin1 + emin2. *)
Theorem error_on_grid x : grid emin x -> Rabs (fl x - x) <= u / (1 + u) * Rabs x.
Proof.
intros Fx. destruct (Rle_or_lt (bpow radix2 (emin + p - 1)) (Rabs x)) as [H|H]; [now apply error_normal|].
rewrite round_generic; [|typeclasses eauto|].
- rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. apply Rmult_le_pos; [apply shrunk_u|apply Rabs_pos].
- apply generic_format_FLT_FIX; auto. apply Rlt_le. eapply Rlt_le_trans; [exact H|apply bpow_le; lia].
Qed.
End Nearest.

Section AnyMode.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Variable rnd : R -> Z.
Context {Hr : Valid_rnd rnd}.
Notation fl := (rounding rnd p emin).

(** In every other mode the same with 2 u for u / (1 + u) and eta for eta / 2. *)
Theorem directed_error_normal x : bpow radix2 (emin + p - 1) <= Rabs x -> Rabs (fl x - x) <= 2 * u p * Rabs x.
Proof.
intros H. rewrite u_is_half_power, <- Rmult_assoc, Rinv_r, Rmult_1_l by lra.
replace (1 - p)%Z with (- p + 1)%Z by ring. apply Rlt_le, relative_error_FLT; assumption.
Qed.

Theorem directed_error_subnormal x : Rabs x < bpow radix2 (emin + p) -> Rabs (fl x - x) <= 2 * half_eta emin.
Proof.
intros H. rewrite half_eta_is_half, <- Rmult_assoc, Rinv_r, Rmult_1_l by lra.
rewrite <- (ulp_FLT_small radix2 emin p x H). apply error_le_ulp; typeclasses eauto.
Qed.

Theorem directed_error_mixed x : Rabs (fl x - x) <= 2 * u p * Rabs x + 2 * half_eta emin.
Proof.
destruct (Rle_or_lt (bpow radix2 (emin + p - 1)) (Rabs x)) as [H|H]; generalize (u_pos p) (half_eta_pos emin) (Rabs_pos x); intros.
- generalize (directed_error_normal x H). lra.
- assert (Rabs x < bpow radix2 (emin + p)) as H' by (eapply Rlt_le_trans; [exact H|apply bpow_le; lia]).
  generalize (directed_error_subnormal x H'). assert (0 <= u p * Rabs x) by (apply Rmult_le_pos; lra). lra.
Qed.

Theorem directed_error_on_grid x : grid emin x -> Rabs (fl x - x) <= 2 * u p * Rabs x.
Proof.
intros Fx. destruct (Rle_or_lt (bpow radix2 (emin + p - 1)) (Rabs x)) as [H|H]; [now apply directed_error_normal|].
rewrite round_generic; [|exact Hr|].
- rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. generalize (u_pos p) (Rabs_pos x). nra.
- apply generic_format_FLT_FIX; auto. apply Rlt_le. eapply Rlt_le_trans; [exact H|apply bpow_le; lia].
Qed.
End AnyMode.
