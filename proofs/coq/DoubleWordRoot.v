(* SPDX-License-Identifier: Apache-2.0 *)
(** The square root of a double word, one step of Newton's iteration, for p > 2: error at most
    (D^2/8 (1 - D)^-2 + (2 v + v^2) D/2) (1 + v)/(1 - u), D = (2 v + v^2 + u)/(1 - v)^2, which is 33/8 u^2 and higher powers. Bound dw.sqrt. *)
From Fmtlab Require Import Numbers Sums DoubleWord.
From Flocq Require Import Div_sqrt_error.

Section Root.
Variable p : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp2 : (2 < p)%Z.
Notation fl := (wide_nearest p).
Notation u := (u p).

Definition root x := let s := fl (sqrt (fst x)) in let r := fl (fst x - s * s) in fast_two_sum_of fl s (fl (fl (snd x + r) / fl (s + s))).

(** |1 + d/2 - sqrt (1 + d)| for |d| <= D < 1. *)
Lemma newton_error d D : Rabs d <= D -> D < 1 -> Rabs (1 + d / 2 - sqrt (1 + d)) <= D ^ 2 / 8 / (1 - D) ^ 2.
Proof.
intros H1 H2. assert (Hd : - D <= d <= D) by now apply Rabs_le_inv. set (w := sqrt (1 + d)).
assert (W0 : 0 <= w) by apply sqrt_pos. assert (W2 : w * w = 1 + d) by (apply sqrt_sqrt; lra).
assert (W1 : 1 - D <= w) by (apply Rsqr_incr_0_var; [unfold Rsqr; nra|exact W0]).
assert (E : 1 + d / 2 - w = d ^ 2 / 2 / (1 + w) ^ 2) by (replace d with (w * w - 1) by lra; field; lra).
assert (Q : 0 < (1 - D) ^ 2) by (apply pow_lt; lra). assert (Q' : 4 * (1 - D) ^ 2 <= (1 + w) ^ 2) by nra.
assert (S : 0 <= d ^ 2 <= D ^ 2) by (split; [apply pow2_ge_0|rewrite <- (pow2_abs d); apply pow_incr; split; [apply Rabs_pos|exact H1]]).
rewrite E, Rabs_pos_eq by (apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]).
apply Rle_trans with (D ^ 2 / 2 / (4 * (1 - D) ^ 2)); [|right; field; lra].
apply Rmult_le_compat; [lra|apply Rlt_le, Rinv_0_lt_compat; lra|lra|apply Rinv_le; lra].
Qed.

Theorem root_bound x (v := u / (1 + u)) (D := (2 * v + v ^ 2 + u) / (1 - v) ^ 2) : double_word p x -> 0 < fst x ->
  double_word p (root x) /\ Rabs (value (root x) - sqrt (value x)) <= (D ^ 2 / 8 / (1 - D) ^ 2 + (2 * v + v ^ 2) * D / 2) * ((1 + v) / (1 - u)) * sqrt (value x).
Proof.
intros Dx H0. assert (Hp1 : (1 < p)%Z) by lia. assert (u0 := u_pos p). assert (u8 : u <= / 8) by (change (/ 8) with (bpow radix2 (-3)); apply bpow_le; lia).
destruct (v_small p Hp1) as ((v0 & _) & vu & vE). fold v in v0, vu, vE. assert (v9 : v <= / 9) by nra.
assert (Ll := low_word_relative p x Dx). destruct Dx as (Fh & Fl & _). unfold root, value at 2 3. cbv zeta.
set (h := fst x) in *. set (l := snd x) in *. set (s := fl (sqrt h)). rewrite (Rabs_pos_eq h) in Ll by lra.
assert (Fs : wide p s) by exact (wide_fl p _). set (g := sqrt h). assert (g0 : 0 < g) by now apply sqrt_lt_R0. assert (gg : g * g = h) by (apply sqrt_sqrt; lra).
assert (Es := wide_error p g). fold v in Es. change (fl g) with s in Es. rewrite (Rabs_pos_eq g) in Es by lra. apply Rabs_le_inv in Es.
assert (s0 : 0 < s) by nra.
(* The residual is a number, and so is 2 s. *)
assert (E1 : fl (h - s * s) = h - s * s) by (apply fl_wide, (sqrt_error_FLX_N radix2 p _ Hp1 h Fh)).
assert (E2 : fl (s + s) = 2 * s).
{ replace (s + s) with (s * bpow radix2 1) by (change (bpow radix2 1) with 2; ring). rewrite fl_wide by now apply wide_times_bpow. change (bpow radix2 1) with 2. ring. }
rewrite E1, E2. set (r := h - s * s). set (d := (l + r) / (s * s)).
assert (S2 : (1 - v) ^ 2 * h <= s * s) by (rewrite <- gg; replace ((1 - v) ^ 2 * (g * g)) with (((1 - v) * g) * ((1 - v) * g)) by ring; apply Rmult_le_compat; nra).
assert (S3 : s * s <= (1 + v) ^ 2 * h) by (rewrite <- gg; replace ((1 + v) ^ 2 * (g * g)) with (((1 + v) * g) * ((1 + v) * g)) by ring; apply Rmult_le_compat; nra).
assert (Hr : Rabs r <= (2 * v + v ^ 2) * h) by (apply Rabs_le; unfold r; assert (0 <= v ^ 2 * h) by (apply Rmult_le_pos; [apply pow2_ge_0|lra]); nra).
assert (ss : 0 < s * s) by now apply Rmult_lt_0_compat. assert (q0 : 0 < (1 - v) ^ 2) by (apply pow_lt; lra).
assert (D0 : 0 < D) by (apply Rdiv_lt_0_compat; [assert (0 <= v ^ 2) by apply pow2_ge_0; lra|exact q0]).
assert (ED : D * (1 - v) ^ 2 = 2 * v + v ^ 2 + u) by (unfold D; field; lra).
assert (D1 : D <= / 2) by (apply Rmult_le_reg_r with ((1 - v) ^ 2); [exact q0|]; rewrite ED; nra).
assert (Hd : Rabs d <= D).
{ unfold d, Rdiv. rewrite Rabs_mult, Rabs_inv, (Rabs_pos_eq (s * s)) by lra. apply Rmult_le_reg_r with (s * s); [exact ss|].
  rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. apply Rle_trans with (D * ((1 - v) ^ 2 * h)); [|apply Rmult_le_compat_l; lra].
  rewrite <- Rmult_assoc, ED. generalize (Rabs_triang l r). lra. }
assert (Ed : l + r = s * s * d) by (unfold d; field; lra).
assert (Ex : sqrt (h + l) = s * sqrt (1 + d)).
{ replace (h + l) with (s * s * (1 + d)) by (unfold r in Ed; lra). rewrite sqrt_mult, sqrt_square; try lra. apply Rabs_le_inv in Hd. lra. }
assert (N := newton_error d D Hd ltac:(lra)).
(* Two roundings. *)
set (m := fl (l + r)). set (q := fl (m / (2 * s))).
assert (Em : Rabs (m - (l + r)) <= v * (s * s * Rabs d)).
{ replace (s * s * Rabs d) with (Rabs (l + r)) by (rewrite Ed, Rabs_mult, (Rabs_pos_eq (s * s)) by lra; reflexivity). exact (wide_error p (l + r)). }
set (b := s * Rabs d / 2). assert (b0 : 0 <= b) by (unfold b; assert (0 <= s * Rabs d) by (apply Rmult_le_pos; [lra|apply Rabs_pos]); lra).
assert (E3 : Rabs (m / (2 * s) - s * d / 2) <= v * b).
{ replace (m / (2 * s) - s * d / 2) with ((m - (l + r)) / (2 * s)) by (rewrite Ed; field; lra).
  unfold Rdiv. rewrite Rabs_mult, Rabs_inv, (Rabs_pos_eq (2 * s)) by lra. apply Rmult_le_reg_r with (2 * s); [lra|].
  rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. unfold b. lra. }
assert (Eb : Rabs (s * d / 2) = b) by (unfold b, Rdiv; rewrite !Rabs_mult, (Rabs_pos_eq s), (Rabs_pos_eq (/ 2)) by lra; reflexivity).
assert (E4 : Rabs (m / (2 * s)) <= (1 + v) * b).
{ assert (Z := Rabs_triang (s * d / 2) (m / (2 * s) - s * d / 2)). replace (s * d / 2 + (m / (2 * s) - s * d / 2)) with (m / (2 * s)) in Z by ring. lra. }
assert (E5 : Rabs (q - m / (2 * s)) <= v * ((1 + v) * b)) by (apply Rle_trans with (1 := wide_error p _); fold v; apply Rmult_le_compat_l; lra).
assert (E6 : Rabs (q - s * d / 2) <= (2 * v + v ^ 2) * b).
{ assert (Z := Rabs_triang (q - m / (2 * s)) (m / (2 * s) - s * d / 2)). replace (q - m / (2 * s) + (m / (2 * s) - s * d / 2)) with (q - s * d / 2) in Z by ring. lra. }
assert (v2 : 0 <= v ^ 2 <= / 81) by (split; [apply pow2_ge_0|nra]).
assert (Bb : b <= s * D / 2) by (unfold b; assert (s * Rabs d <= s * D) by (apply Rmult_le_compat_l; lra); lra).
assert (C : Rabs q <= Rabs s).
{ rewrite (Rabs_pos_eq s) by lra. assert (Z := Rabs_triang (s * d / 2) (q - s * d / 2)). replace (s * d / 2 + (q - s * d / 2)) with q in Z by ring.
  assert (s * D <= s * / 2) by (apply Rmult_le_compat_l; lra). assert ((2 * v + v ^ 2) * b <= 1 * b) by (apply Rmult_le_compat_r; lra). lra. }
destruct (normalised p Hp1 s q Fs (wide_fl p _) (or_intror C)) as [Dz ->]. split; [exact Dz|].
assert (G : s <= (1 + v) / (1 - u) * sqrt (h + l)).
{ assert (I : (1 - u) * g <= sqrt (h + l)).
  { apply Rsqr_incr_0_var; [|apply sqrt_pos]. apply Rabs_le_inv in Ll. rewrite Rsqr_sqrt by nra. unfold Rsqr.
    replace ((1 - u) * g * ((1 - u) * g)) with ((1 - u) * ((1 - u) * h)) by (rewrite <- gg; ring). assert (0 <= (1 - u) * h) by (apply Rmult_le_pos; lra). nra. }
  apply Rle_trans with ((1 + v) * g); [lra|]. apply Rle_trans with ((1 + v) / (1 - u) * ((1 - u) * g)); [right; field; lra|].
  apply Rmult_le_compat_l; [|exact I]. apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]. }
replace (s + q - sqrt (h + l)) with (s * (1 + d / 2 - sqrt (1 + d)) + (q - s * d / 2)) by (rewrite Ex; field).
apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_mult, (Rabs_pos_eq s) by lra.
set (B := D ^ 2 / 8 / (1 - D) ^ 2) in *. assert (B0 : 0 <= B) by (apply Rmult_le_pos; [apply Rmult_le_pos; [apply pow2_ge_0|lra]|apply Rlt_le, Rinv_0_lt_compat, pow_lt; lra]).
assert (Z1 : s * Rabs (1 + d / 2 - sqrt (1 + d)) <= s * B) by (apply Rmult_le_compat_l; lra).
assert (Z2 : (2 * v + v ^ 2) * b <= (2 * v + v ^ 2) * (s * D / 2)) by (apply Rmult_le_compat_l; lra).
apply Rle_trans with ((B + (2 * v + v ^ 2) * D / 2) * s); [lra|]. rewrite Rmult_assoc. apply Rmult_le_compat_l; [|exact G].
assert (0 <= (2 * v + v ^ 2) * D) by (apply Rmult_le_pos; lra). lra.
Qed.
End Root.
