(* SPDX-License-Identifier: Apache-2.0 *)
(** Sums of double words: plus a number, error at most 2 u^2; sloppy, of one sign, 3 u^2 + 2 u^3. Bounds dw.plusfp and dw.sloppydwplusdw.
    Algorithms 4 and 5 of Joldes, Muller and Popescu (2017). *)
From Fmtlab Require Import Numbers Sums DoubleWord.

Section Sums.
Variable p : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Notation fl := (wide_nearest p).
Notation u := (u p).

Definition plus_number x y := let s := two_sum_of fl (fst x) y in fast_two_sum_of fl (fst s) (fl (snd x + snd s)).

Theorem plus_number_bound x y : double_word p x -> wide p y ->
  double_word p (plus_number x y) /\ Rabs (value (plus_number x y) - (value x + y)) <= 2 * u * u * Rabs (value x + y).
Proof.
intros Dx Fy. destruct (Dx) as (Fh & Fl & _). unfold plus_number. cbv zeta. rewrite two_sum_exact by assumption. simpl fst. simpl snd.
unfold value at 2 3. set (h := fst x) in *. set (l := snd x) in *. set (s := fl (h + y)). set (e := h + y - s).
assert (u0 : 0 < u) by apply u_pos. assert (u4 := u_le_quarter p Hp1). assert (uu : 0 <= 2 * u * u) by (apply Rmult_le_pos; lra). assert (Fs : wide p s) by exact (wide_fl p _). assert (Fv : wide p (fl (l + e))) by exact (wide_fl p _).
(* All that is left: the last step is exact, and the one rounding small enough. *)
cut ((s = 0 \/ Rabs (fl (l + e)) <= Rabs s) /\ Rabs (fl (l + e) - (l + e)) <= 2 * u * u * Rabs (h + l + y)).
{ intros [C B]. destruct (normalised p Hp1 s (fl (l + e)) Fs Fv C) as [D ->]. split; [exact D|].
  now replace (s + fl (l + e) - (h + l + y)) with (fl (l + e) - (l + e)) by (unfold e; ring). }
assert (R0 : 0 <= 2 * u * u * Rabs (h + l + y)) by (apply Rmult_le_pos; [exact uu|apply Rabs_pos]).
destruct (Req_dec h 0) as [H0|H0].
{ assert (L0 : l = 0) by now apply (high_word_0 p). assert (e = 0) as -> by (unfold e, s; rewrite H0, Rplus_0_l, fl_wide by exact Fy; ring).
  rewrite L0, Rplus_0_r, (fl_wide p 0), Rminus_0_r, Rabs_R0 by apply wide_0. rewrite L0 in R0. split; [right; apply Rabs_pos|exact R0]. }
destruct (low_word p x Dx H0) as (k & [Ha Ha'] & Hc & Hl & Hx). fold h l in Ha, Ha', Hc, Hl. unfold value in Hx. fold h l in Hx. set (a := bpow radix2 k) in *.
assert (a0 : 0 < a) by apply bpow_gt_0. assert (ua : u * a <= / 4 * a) by (apply Rmult_le_compat_r; lra).
destruct (Req_dec y 0) as [Y0|Y0].
{ assert (s = h) as Es by (unfold s; rewrite Y0, Rplus_0_r; now apply fl_wide). assert (e = 0) as -> by (unfold e; rewrite Es, Y0; ring).
  rewrite Rplus_0_r, (fl_wide p l), Rminus_diag_eq, Rabs_R0 by easy. rewrite Es. split; [right; lra|exact R0]. }
destruct (leading p y Fy Y0) as (k' & [Hb Hb'] & _). set (b := bpow radix2 k') in *. assert (b0 : 0 < b) by apply bpow_gt_0.
assert (ub : 0 < u * b) by now apply Rmult_lt_0_compat.
destruct (inexact_sum_is_large p k k' h y Fh Fy Ha Hb) as [W|W].
- (* h + y is a number. *)
  assert (Es : s = h + y) by now apply fl_wide. assert (e = 0) as -> by (unfold e; rewrite Es; ring).
  rewrite Rplus_0_r, (fl_wide p l), Rminus_diag_eq, Rabs_R0 by easy. split; [|exact R0].
  destruct (Req_dec s 0) as [S0|S0]; [now left|right]. apply Rle_trans with (1 := Hl).
  destruct (Z_le_gt_dec (k - 1) k') as [K|K].
  + (* A multiple of u a. *)
    assert (G : grid (k - p) (h + y)).
    { apply grid_plus; [apply (grid_finer (k + 1 - p)); [lia|exact (grid_of_wide p k h Fh Ha)]|].
      apply (grid_finer (k' + 1 - p)); [lia|exact (grid_of_wide p k' y Fy Hb)]. }
    assert (E : u * a = bpow radix2 (k - p)) by (unfold Numbers.u, a; rewrite <- bpow_plus; f_equal; ring). rewrite E, Es.
    assert (P : 0 + bpow radix2 (k - p) <= Rabs (h + y)); [|lra].
    apply grid_gap; [apply grid_0|now apply generic_format_abs|]. apply Rabs_pos_lt. now rewrite <- Es.
  + assert (b <= a / 4).
    { assert (b <= bpow radix2 (k - 2)) by (apply bpow_le; lia). assert (E := twice_bpow (k - 2)). assert (E' := twice_bpow (k - 1)).
      replace (k - 2 + 1)%Z with (k - 1)%Z in E by ring. replace (k - 1 + 1)%Z with k in E' by ring. fold a in E'. lra. }
    rewrite Es. generalize (abs_minus h y). lra.
- (* It is not, and at least S. *)
  set (m := Z.min k k') in *. assert (N : h + y <> 0).
  { intros E. rewrite E, Rabs_R0 in W. generalize (bpow_gt_0 radix2 (m + 1)). lra. }
  set (q := (mag radix2 (h + y) - 1)%Z). set (S := bpow radix2 q). assert (S0 : 0 < S) by apply bpow_gt_0.
  assert (HS : S <= Rabs (h + y)) by (apply bpow_mag_le; exact N).
  assert (HS' : Rabs (h + y) < 2 * S) by (unfold S, q; rewrite twice_bpow, Z.sub_add; apply bpow_mag_gt).
  assert (Hm : (m + 1 <= q)%Z) by (unfold q; assert (m + 2 <= mag radix2 (h + y))%Z; [apply mag_ge_bpow; now replace (m + 2 - 1)%Z with (m + 1)%Z by ring|lia]).
  assert (He : Rabs e <= u * S).
  { unfold e. rewrite <- Rabs_Ropp. replace (- (h + y - s)) with (s - (h + y)) by ring. replace (u * S) with (u * bpow radix2 (q + 1) / 2) by (rewrite <- twice_bpow; fold S; field).
    apply wide_error_below; [exact Hp|]. rewrite <- twice_bpow. now apply Rlt_le. }
  assert (Hs : S <= Rabs s) by (apply wide_at_least; [exact Hp|now apply wide_bpow|exact HS]).
  assert (uS : 0 < u * S) by now apply Rmult_lt_0_compat. assert (uS4 : u * S <= / 4 * S) by (apply Rmult_le_compat_r; lra).
  assert (E2 : bpow radix2 (q + 1 - p) = 2 * (u * S)) by now apply u_times.
  assert (E4 : bpow radix2 (q + 2 - p) = 4 * (u * S)) by (replace (q + 2 - p)%Z with (q + 1 - p + 1)%Z by ring; rewrite <- twice_bpow, E2; ring).
  (* Twice the errors' bound: of one step of 2 u S, or of 4 u S. *)
  assert (B2 : Rabs (l + e) <= 2 * (u * S) -> Rabs (fl (l + e) - (l + e)) <= u * (u * S)).
  { intros H. rewrite <- E2 in H. eapply Rle_trans; [apply wide_error_below; [exact Hp|exact H]|]. rewrite E2. lra. }
  assert (B4 : Rabs (l + e) <= 4 * (u * S) -> Rabs (fl (l + e) - (l + e)) <= 2 * u * (u * S) /\ Rabs (fl (l + e)) <= S).
  { intros H. rewrite <- E4 in H. split.
    - eapply Rle_trans; [apply wide_error_below; [exact Hp|exact H]|]. rewrite E4. lra.
    - apply Rle_trans with (4 * (u * S)); [|lra]. rewrite <- E4. apply wide_at_most; [exact Hp|now apply wide_bpow|exact H]. }
  (* u^2 S where what is left of the sum is S (1 - u), 2 u^2 S where it is S. *)
  assert (C2 : Rabs (l + e) <= 2 * (u * S) -> S - u * S <= Rabs (h + l + y) -> Rabs (fl (l + e) - (l + e)) <= 2 * u * u * Rabs (h + l + y)).
  { intros H I. apply Rle_trans with (1 := B2 H). apply Rle_trans with (2 * u * u * (S - u * S)); [|apply Rmult_le_compat_l; [exact uu|exact I]].
    replace (2 * u * u * (S - u * S)) with (u * (u * S) * (2 * (1 - u))) by ring. rewrite <- (Rmult_1_r (u * (u * S))) at 1. apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|lra]. }
  assert (C4 : Rabs (l + e) <= 4 * (u * S) -> S <= Rabs (h + l + y) -> Rabs (fl (l + e) - (l + e)) <= 2 * u * u * Rabs (h + l + y)).
  { intros H I. apply Rle_trans with (1 := proj1 (B4 H)). replace (2 * u * (u * S)) with (2 * u * u * S) by ring. apply Rmult_le_compat_l; [exact uu|exact I]. }
  assert (T : Rabs (l + e) <= Rabs l + Rabs e) by apply Rabs_triang.
  assert (T' : Rabs (h + y) - Rabs l <= Rabs (h + l + y)) by (replace (h + l + y) with (h + y + l) by ring; apply abs_minus).
  destruct (Z_le_gt_dec k q) as [K|K].
  + assert (a <= S) by (apply bpow_le; exact K). assert (u * a <= u * S) by (apply Rmult_le_compat_l; lra).
    split; [right; generalize (proj2 (B4 ltac:(lra))); lra|apply C2; lra].
  + assert (b <= S / 2).
    { assert (b <= bpow radix2 (q - 1)) by (apply bpow_le; lia). assert (E := twice_bpow (q - 1)). replace (q - 1 + 1)%Z with q in E by ring. fold S in E. lra. }
    assert (Hh : Rabs h < 3 * S) by (generalize (abs_minus h y); lra).
    assert (Ka : a = 2 * S).
    { unfold a, S. rewrite twice_bpow. f_equal. assert (k < q + 2)%Z; [|lia]. apply lt_bpow with radix2. replace (q + 2)%Z with (q + 1 + 1)%Z by ring. rewrite <- !twice_bpow. fold a S. lra. }
    rewrite Ka in *. split; [right; generalize (proj2 (B4 ltac:(lra))); lra|].
    destruct Hc as [Hc|Hc]; [|apply C4; [lra|generalize (abs_minus h y); lra]].
    (* From the power of two towards zero, l is half as small; away from zero it adds to the sum. *)
    destruct (Rle_or_lt (Rabs l) (u * S)) as [L|L]; [apply C2; lra|]. apply C4; [lra|].
    generalize (abs_minus (h + l) y). replace (h + l + y) with (h + l + y) by ring. destruct (abs_plus_cases h l) as [Q|Q]; [lra|].
    rewrite Hc, (Rabs_pos_eq (2 * S - Rabs l)) in Q by lra. lra.
Qed.

Definition sloppy_plus x y := let s := two_sum_of fl (fst x) (fst y) in fast_two_sum_of fl (fst s) (fl (snd s + fl (snd x + snd y))).

(** Operands that do not have opposite signs. *)
Theorem sloppy_plus_bound x y : double_word p x -> double_word p y -> 0 <= fst x * fst y ->
  double_word p (sloppy_plus x y) /\ Rabs (value (sloppy_plus x y) - (value x + value y)) <= (3 * u ^ 2 + 2 * u ^ 3) * Rabs (value x + value y).
Proof.
intros Dx Dy Same. assert (Lx := low_word_relative p x Dx). assert (Ly := low_word_relative p y Dy). destruct Dx as (Fh & Fl & _), Dy as (Gh & Gl & _).
unfold sloppy_plus. cbv zeta. rewrite two_sum_exact by assumption. simpl fst. simpl snd. unfold value at 2 3 4 5.
set (h := fst x) in *. set (l := snd x) in *. set (h' := fst y) in *. set (l' := snd y) in *.
set (s := fl (h + h')). set (e := h + h' - s). set (t := fl (l + l')). set (w := fl (e + t)). set (r := h + l + (h' + l')).
assert (u0 := u_pos p). assert (u4 := u_le_quarter p Hp1). destruct (v_small p Hp1) as ((v0 & v5) & vu & vE).
assert (E1 := wide_error p (l + l')). assert (E2 := wide_error p (e + t)). assert (E3 := wide_error p (h + h')). fold s in E3. fold t in E1. fold w in E2.
set (v := u / (1 + u)) in *. set (H := Rabs (h + h')) in *.
assert (EH : H = Rabs h + Rabs h') by (unfold H; destruct (abs_plus_cases h h'); [assumption|]; clear - Same; unfold Rabs; repeat destruct Rcase_abs; nra).
assert (H0 : 0 <= H) by apply Rabs_pos. assert (uH0 : 0 <= u * H) by (apply Rmult_le_pos; lra).
assert (L : Rabs (l + l') <= u * H) by (generalize (Rabs_triang l l'); rewrite EH; lra).
assert (He : Rabs e <= u * H).
{ unfold e. rewrite Rabs_minus_sym. apply Rle_trans with (1 := E3). apply Rmult_le_compat_r; lra. }
assert (D1 : Rabs (t - (l + l')) <= v * (u * H)) by (apply Rle_trans with (1 := E1), Rmult_le_compat_l; lra).
assert (Ht : Rabs t <= (1 + v) * (u * H)) by (generalize (abs_minus t (- (l + l'))); rewrite Rabs_Ropp; change (t + - (l + l')) with (t - (l + l')); lra).
assert (Het : Rabs (e + t) <= (2 + v) * (u * H)) by (generalize (Rabs_triang e t); lra).
assert (D2 : Rabs (w - (e + t)) <= v * ((2 + v) * (u * H))) by (apply Rle_trans with (1 := E2), Rmult_le_compat_l; lra).
assert (Fs : wide p s) by exact (wide_fl p _). assert (Fw : wide p w) by exact (wide_fl p _).
assert (C : Rabs w <= Rabs s).
{ assert (Rabs w <= (1 + v) * ((2 + v) * (u * H))) by (generalize (abs_minus w (- (e + t))); rewrite Rabs_Ropp; change (w + - (e + t)) with (w - (e + t)); lra).
  assert (H - v * H <= Rabs s) by (generalize (abs_minus (h + h') (s - (h + h'))); replace (h + h' + (s - (h + h'))) with s by ring; fold H; lra).
  assert ((1 + v) * (2 + v) * u <= 1 - v) by nra. assert ((1 + v) * (2 + v) * u * H <= (1 - v) * H) by (apply Rmult_le_compat_r; lra). lra. }
destruct (normalised p Hp1 s w Fs Fw (or_intror C)) as [D ->]. split; [exact D|].
assert (R : (1 - u) * H <= Rabs r).
{ unfold r. replace (h + l + (h' + l')) with (h + h' + (l + l')) by ring. generalize (abs_minus (h + h') (l + l')). fold H. lra. }
replace (s + w - r) with ((w - (e + t)) + (t - (l + l'))) by (unfold e, r; ring).
apply Rle_trans with (1 := Rabs_triang _ _). apply Rle_trans with (v * (3 + v) * u * H); [lra|].
apply Rle_trans with ((3 * u ^ 2 + 2 * u ^ 3) * ((1 - u) * H)); [|apply Rmult_le_compat_l; [nra|exact R]].
assert (K : v * (3 + v) * u <= (3 * u ^ 2 + 2 * u ^ 3) * (1 - u)).
{ unfold v. apply Rminus_le. replace (_ - _) with (- (u ^ 3 * (1 - u - 5 * u ^ 2 - 2 * u ^ 3) / (1 + u) ^ 2)) by (field; lra).
  assert (0 <= u ^ 3 * (1 - u - 5 * u ^ 2 - 2 * u ^ 3) / (1 + u) ^ 2); [|lra].
  apply Rmult_le_pos; [apply Rmult_le_pos; [apply pow_le; lra|]|apply Rlt_le, Rinv_0_lt_compat, pow_lt; lra]. clear - u0 u4. set (z := u) in *. nra. }
rewrite <- Rmult_assoc. apply Rmult_le_compat_r; assumption.
Qed.
End Sums.
