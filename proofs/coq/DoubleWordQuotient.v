(* SPDX-License-Identifier: Apache-2.0 *)
(** The quotient of double words: error at most 25/2 u^2 + 56 u^3 for p > 2. Bound dw.divdw2. Algorithm 17 of Joldes, Muller and Popescu (2017), who prove
    15 u^2 + 56 u^3. *)
From Fmtlab Require Import Numbers Sums DoubleWord DoubleWordTimesNumber.
From Flocq Require Import Sterbenz.

Section Quotient.
Variable p : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp2 : (2 < p)%Z.
Notation fl := (wide_nearest p).
Notation u := (u p).

(** t, nearly the quotient, and what is left, x - y t, divided by y again. *)
Definition quotient x y := let t := fl (fst x / fst y) in let r := times_number_1 p y t in
  fast_two_sum_of fl t (fl (fl (fl (fst x - fst r) + fl (snd x - snd r)) / fst y)).

(** Sterbenz's lemma for numbers of any sign. *)
Lemma near_difference x y : wide p x -> wide p y -> Rabs (x - y) <= Rabs y / 2 -> wide p (x - y).
Proof.
intros Fx Fy H. destruct (Rle_or_lt 0 y) as [S|S].
- rewrite (Rabs_pos_eq y) in H by exact S. apply sterbenz; auto; try typeclasses eauto. by_signs.
- replace (x - y) with (- (- x - - y)) by ring. apply wide_opp. rewrite (Rabs_left y) in H by exact S.
  apply sterbenz; try typeclasses eauto; try now apply wide_opp. by_signs.
Qed.

Lemma error_u x B : Rabs x <= B -> Rabs (fl x - x) <= u * B /\ Rabs (fl x) <= (1 + u) * B.
Proof.
intros H. assert (H1 : (1 < p)%Z) by lia. assert (E := wide_error p x). destruct (v_small p H1) as ((v0 & _) & vu & _).
assert (u / (1 + u) * Rabs x <= u * B) by (apply Rmult_le_compat; try lra; apply Rabs_pos).
assert (Rabs (fl x) <= Rabs x + Rabs (fl x - x)) by (eapply Rle_trans; [|apply Rabs_triang]; right; f_equal; ring). lra.
Qed.

Theorem quotient_bound x y : double_word p x -> double_word p y -> fst y <> 0 ->
  double_word p (quotient x y) /\ Rabs (value (quotient x y) - value x / value y) <= (25 / 2 * u ^ 2 + 56 * u ^ 3) * Rabs (value x / value y).
Proof.
intros Dx Dy Ny. assert (Hp1 : (1 < p)%Z) by lia. assert (u0 := u_pos p).
assert (u8 : u <= / 8) by (change (/ 8) with (bpow radix2 (-3)); apply bpow_le; lia). destruct (v_small p Hp1) as ((v0 & v5) & vu & vE).
assert (Lx := low_word_relative p x Dx). assert (Ly := low_word_relative p y Dy).
unfold quotient. set (t := fl (fst x / fst y)). assert (Ft : wide p t) by exact (wide_fl p _).
destruct (times_number_1_bound p Hp1 y t Dy Ft) as (Dr & Hr). set (r := times_number_1 p y t) in *. cbv zeta.
destruct (Dx) as (Fh & Fl & _), (Dy) as (Gh & Gl & _), (Dr) as (Rh & Rl & Er).
assert (Lr := high_word_relative p r Dr). set (h := fst x) in *. set (l := snd x) in *. set (h' := fst y) in *. set (l' := snd y) in *.
set (G := Rabs h) in *. set (Y := Rabs h') in *. set (v := u / (1 + u)) in *.
assert (G0 : 0 <= G) by apply Rabs_pos. assert (Y0 : 0 < Y) by now apply Rabs_pos_lt.
(* y t differs from h by 2 u |h|. *)
assert (A1 : Rabs (t * h' - h) <= v * G).
{ assert (E := wide_error p (h / h')). fold t v in E. replace (t * h' - h) with ((t - h / h') * h') by (field; exact Ny).
  rewrite Rabs_mult. apply Rle_trans with (v * Rabs (h / h') * Y); [apply Rmult_le_compat_r; lra|].
  unfold G, Y. rewrite Rmult_assoc, <- Rabs_mult. right. do 2 f_equal. field. exact Ny. }
assert (A2 : G - v * G <= Rabs t * Y <= (1 + v) * G).
{ unfold Y. rewrite <- Rabs_mult. split.
  - assert (Z := abs_minus h (t * h' - h)). replace (h + (t * h' - h)) with (t * h') in Z by ring. fold G in Z. lra.
  - assert (Z := Rabs_triang h (t * h' - h)). replace (h + (t * h' - h)) with (t * h') in Z by ring. fold G in Z. lra. }
assert (A3 : Rabs (l' * t) <= u * (1 + v) * G).
{ rewrite Rabs_mult. apply Rle_trans with (u * Y * Rabs t); [apply Rmult_le_compat_r; [apply Rabs_pos|exact Ly]|].
  rewrite !Rmult_assoc, (Rmult_comm Y). apply Rmult_le_compat_l; lra. }
assert (A4 : Rabs (value y * t - h) <= 2 * u * G).
{ assert (Z := Rabs_triang (t * h' - h) (l' * t)). replace (t * h' - h + l' * t) with (value y * t - h) in Z by (unfold value; fold h' l'; ring).
  assert (v * G + u * (1 + v) * G = (v * (1 + u) + u) * G) by ring. rewrite vE in H. lra. }
assert (A5 : Rabs (value y * t) <= (1 + 2 * u) * G).
{ assert (Z := Rabs_triang h (value y * t - h)). replace (h + (value y * t - h)) with (value y * t) in Z by ring. fold G in Z. lra. }
(* The computed product R. *)
set (tau := 3 / 2 * u ^ 2 + 4 * u ^ 3) in *. set (R := value r) in *. set (rho := tau * (1 + 2 * u)).
assert (u2 : 0 <= u ^ 2 <= / 8 * u) by (split; [apply pow_le; lra|simpl; rewrite Rmult_1_r; apply Rmult_le_compat_r; lra]).
assert (u3 : 0 <= u ^ 3 <= / 8 * u ^ 2) by (split; [apply pow_le; lra|change (u ^ 3) with (u * u ^ 2); apply Rmult_le_compat_r; lra]).
assert (T0 : 0 <= tau <= / 32) by (unfold tau; lra). assert (P0 : 0 <= rho <= / 25) by (unfold rho; split; [apply Rmult_le_pos; lra|]; apply Rle_trans with (/ 32 * (1 + 2 * u)); [apply Rmult_le_compat_r|]; lra).
assert (B1 : Rabs (R - value y * t) <= rho * G).
{ apply Rle_trans with (1 := Hr). unfold rho. rewrite Rmult_assoc. apply Rmult_le_compat_l; lra. }
assert (B2 : Rabs R <= (1 + 2 * u + rho) * G).
{ assert (Z := Rabs_triang (value y * t) (R - value y * t)). replace (value y * t + (R - value y * t)) with R in Z by ring. lra. }
assert (B3 : Rabs (R - h) <= (2 * u + rho) * G).
{ assert (Z := Rabs_triang (value y * t - h) (R - value y * t)). replace (value y * t - h + (R - value y * t)) with (R - h) in Z by ring. lra. }
assert (B4 : Rabs (snd r) <= u * (1 + 2 * u + rho) * G).
{ apply Rle_trans with (1 := Lr). fold R. rewrite Rmult_assoc. apply Rmult_le_compat; try lra. apply Rabs_pos. }
(* h - r_h is a number. *)
assert (C1 : fl (h - fst r) = h - fst r).
{ apply fl_wide. replace (h - fst r) with (- (fst r - h)) by ring. apply wide_opp, near_difference; [exact Rh|exact Fh|]. fold G.
  replace (fst r - h) with (- snd r + (R - h)) by (unfold R, value; ring). apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_Ropp.
  assert (u * (1 + 2 * u + rho) * G <= / 8 * (1 + 2 * / 8 + / 25) * G) by (apply Rmult_le_compat_r; [exact G0|apply Rmult_le_compat; lra]).
  assert ((2 * u + rho) * G <= (2 * / 8 + / 25) * G) by (apply Rmult_le_compat_r; lra). lra. }
rewrite C1. set (el := u * (u + u * (1 + 2 * u + rho))). set (D := 3 * u + rho + el).
(* The three roundings that are left. *)
set (m := fl (l - snd r)). assert (E1 : Rabs (m - (l - snd r)) <= el * G).
{ destruct (error_u (l - snd r) ((u + u * (1 + 2 * u + rho)) * G)) as (Z & _); [|unfold el; rewrite Rmult_assoc; exact Z].
  assert (Z := Rabs_triang l (- snd r)). rewrite Rabs_Ropp in Z. unfold Rminus. lra. }
assert (E2 : Rabs (h - fst r + m) <= D * G).
{ replace (h - fst r + m) with (l + - (value y * t - h) + - (R - value y * t) + (m - (l - snd r))) by (unfold R, value; fold h' l'; ring).
  assert (Z1 := Rabs_triang (l + - (value y * t - h) + - (R - value y * t)) (m - (l - snd r))).
  assert (Z2 := Rabs_triang (l + - (value y * t - h)) (- (R - value y * t))). assert (Z3 := Rabs_triang l (- (value y * t - h))).
  rewrite (Rabs_Ropp (R - value y * t)) in Z2. rewrite (Rabs_Ropp (value y * t - h)) in Z3. unfold D. lra. }
destruct (error_u _ _ E2) as (E3 & E4). set (d := fl (h - fst r + m)) in *. set (w := fl (d / h')).
assert (E5 : Rabs (w * h' - d) <= u * ((1 + u) * (D * G)) /\ Rabs w * Y <= (1 + u) * ((1 + u) * (D * G))).
{ destruct (error_u (d / h') ((1 + u) * (D * G) / Y)) as (Z1 & Z2).
  - unfold Rdiv. rewrite Rabs_mult, Rabs_inv. apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat, Y0|exact E4].
  - fold w in Z1, Z2. split.
    + replace (w * h' - d) with ((w - d / h') * h') by (field; exact Ny). rewrite Rabs_mult. fold Y.
      apply Rle_trans with (u * ((1 + u) * (D * G) / Y) * Y); [apply Rmult_le_compat_r; lra|right; field; lra].
    + apply Rle_trans with ((1 + u) * ((1 + u) * (D * G) / Y) * Y); [apply Rmult_le_compat_r; lra|right; field; lra]. }
destruct E5 as (E5 & E6).
assert (Q0 : 0 <= u * (1 + 2 * u + rho) <= / 8 * (1 + 2 * / 8 + / 25)) by (split; [apply Rmult_le_pos|apply Rmult_le_compat]; lra).
assert (D0 : 0 <= el <= / 25).
{ unfold el. split; [apply Rmult_le_pos; lra|]. apply Rle_trans with (/ 8 * (/ 8 + / 8 * (1 + 2 * / 8 + / 25))); [apply Rmult_le_compat|]; lra. }
assert (D1 : 0 <= D <= 23 / 50) by (unfold D; lra). assert (DG : 0 <= D * G <= 23 / 50 * G) by (split; [apply Rmult_le_pos|apply Rmult_le_compat_r]; lra).
assert (C : Rabs w <= Rabs t).
{ apply Rmult_le_reg_r with Y; [exact Y0|]. apply Rle_trans with (1 := E6), Rle_trans with (2 := proj1 A2).
  assert ((1 + u) * ((1 + u) * (D * G)) <= (1 + / 8) * ((1 + / 8) * (23 / 50 * G))) by (apply Rmult_le_compat; try lra; [apply Rmult_le_pos; lra|apply Rmult_le_compat; lra]).
  assert (v * G <= / 5 * G) by (apply Rmult_le_compat_r; lra). lra. }
destruct (normalised p Hp1 t w Ft (wide_fl p _) (or_intror C)) as [Dz ->]. split; [exact Dz|].
(* Times y. *)
assert (X0 : (1 - u) * G <= Rabs (value x)) by (assert (Z := abs_minus h l); fold G in Z; unfold value; fold h l; lra).
assert (Vy : value y <> 0).
{ intros Z. assert (Z2 := abs_minus h' l'). fold Y in Z2. change (h' + l') with (value y) in Z2. rewrite Z, Rabs_R0 in Z2. assert (u * Y <= / 8 * Y) by (apply Rmult_le_compat_r; lra). lra. }
assert (F : Rabs ((t + w) * value y - value x) <= (rho + el + u * D + u * (2 + u) * (1 + u) * D) * G).
{ replace ((t + w) * value y - value x) with (- (R - value y * t) + (m - (l - snd r)) + (d - (h - fst r + m)) + (w * h' - d) + w * l')
    by (unfold R, value; fold h l h' l'; ring).
  assert (Z0 : Rabs (w * l') <= u * ((1 + u) * ((1 + u) * (D * G)))).
  { rewrite Rabs_mult. apply Rle_trans with (Rabs w * (u * Y)); [apply Rmult_le_compat_l; [apply Rabs_pos|exact Ly]|].
    replace (Rabs w * (u * Y)) with (u * (Rabs w * Y)) by ring. apply Rmult_le_compat_l; lra. }
  assert (Z1 := Rabs_triang (- (R - value y * t) + (m - (l - snd r)) + (d - (h - fst r + m)) + (w * h' - d)) (w * l')).
  assert (Z2 := Rabs_triang (- (R - value y * t) + (m - (l - snd r)) + (d - (h - fst r + m))) (w * h' - d)).
  assert (Z3 := Rabs_triang (- (R - value y * t) + (m - (l - snd r))) (d - (h - fst r + m))).
  assert (Z4 := Rabs_triang (- (R - value y * t)) (m - (l - snd r))). rewrite (Rabs_Ropp (R - value y * t)) in Z4. lra. }
replace (t + w - value x / value y) with (((t + w) * value y - value x) / value y) by (field; exact Vy).
unfold Rdiv at 1 3. rewrite !Rabs_mult, <- Rmult_assoc. apply Rmult_le_compat_r; [apply Rabs_pos|]. apply Rle_trans with (1 := F).
assert (T1 : 0 <= 25 / 2 * u ^ 2 + 56 * u ^ 3) by lra.
apply Rle_trans with ((25 / 2 * u ^ 2 + 56 * u ^ 3) * ((1 - u) * G)); [|apply Rmult_le_compat_l; assumption].
rewrite <- Rmult_assoc. apply Rmult_le_compat_r; [exact G0|]. apply Rminus_le.
replace (_ - _) with (- (u ^ 3 * (15 - 106 * u - 66 * u ^ 2 - 133 / 2 * u ^ 3 - 109 / 2 * u ^ 4 - 31 * u ^ 5 - 8 * u ^ 6))) by (unfold D, el, rho, tau; field).
assert (u4 : u ^ 4 <= / 8 * u ^ 3) by (change (u ^ 4) with (u * u ^ 3); apply Rmult_le_compat_r; lra).
assert (u5 : u ^ 5 <= u ^ 4) by (change (u ^ 5) with (u * u ^ 4); rewrite <- (Rmult_1_l (u ^ 4)) at 2; apply Rmult_le_compat_r; [apply pow_le|]; lra).
assert (u6 : u ^ 6 <= u ^ 5) by (change (u ^ 6) with (u * u ^ 5); rewrite <- (Rmult_1_l (u ^ 5)) at 2; apply Rmult_le_compat_r; [apply pow_le|]; lra).
assert (0 <= u ^ 3 * (15 - 106 * u - 66 * u ^ 2 - 133 / 2 * u ^ 3 - 109 / 2 * u ^ 4 - 31 * u ^ 5 - 8 * u ^ 6)) by (apply Rmult_le_pos; lra). lra.
Qed.
End Quotient.
