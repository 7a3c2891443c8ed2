(* SPDX-License-Identifier: Apache-2.0 *)
(** Passes of 2Sums over the numbers of an accumulator: the first comes to be the sum T of all but for f |T| and (2 q)^m of what the others were, after m passes,
    q = (K - 1) u, f = q/(1 - 2 q). Bound dot.expansion for more than two numbers. *)
From Fmtlab Require Import Numbers Sums Telescoping RoundingError RecursiveSum ErrorFree Sum2 Expansion.

Section Passes.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Hypothesis He : (emin <= 0)%Z.
Variable tie : Z -> bool.
Hypothesis Ht : symmetric tie.
Notation fl := (nearest tie p emin).
Notation u := (u p).
Notation number := (format p emin).
Notation carry := (carry p emin tie).
Notation pass := (pass p emin tie).

Lemma errors_snoc xs y : forall k s, magnitude (local_errors (fun _ s x => fl (s + x)) k s (xs ++ [y]))
  = magnitude (local_errors (fun _ s x => fl (s + x)) k s xs) + Rabs (fl (recursive fl s xs + y) - (recursive fl s xs + y)).
Proof.
induction xs as [|x xs IH]; intros k s; [cbn [app local_errors]; unfold magnitude, local_error, recursive, sum; cbn [map fold_right fold_left]; ring|].
cbn [app local_errors]. rewrite !magnitude_cons, IH, recursive_cons. ring.
Qed.

(** A pass is a sum in sequence from the last number on: its errors are what the other numbers become. *)
Lemma carry_is_recursive z zs : Forall number (z :: zs) ->
  fst (carry (rev (z :: zs))) = recursive fl z zs /\ magnitude (snd (carry (rev (z :: zs)))) = magnitude (errors p emin tie z zs).
Proof.
induction zs as [|y zs IH] using rev_ind; intros F; [cbn; now split|].
assert (F' : Forall number (z :: zs)) by (apply Forall_forall; intros w Hw; rewrite Forall_forall in F; apply F; destruct Hw; [now left|right; apply in_or_app; now left]).
assert (Fy : number y) by (rewrite Forall_forall in F; apply F; right; apply in_or_app; right; now left).
destruct (IH F') as (I1 & I2). replace (rev (z :: zs ++ [y])) with (y :: rev (z :: zs)) by (change (z :: zs ++ [y]) with ((z :: zs) ++ [y]); now rewrite rev_app_distr).
destruct (rev (z :: zs)) as [|l' r] eqn:E; [apply (f_equal (@length R)) in E; rewrite rev_length in E; discriminate|].
rewrite carry_cons. cbn [fst snd]. rewrite I1, magnitude_cons, I2. unfold errors. rewrite errors_snoc. unfold recursive at 2. rewrite fold_left_app. cbn [fold_left].
fold (recursive fl z zs). split; [f_equal; ring|].
assert (Fr : number (recursive fl z zs)) by (apply recursive_format; [exact Hp|typeclasses eauto|rewrite Forall_forall in F'; apply F'; now left]).
rewrite (two_sum_error_exact p emin Hp1 He tie Ht) by assumption. rewrite Rabs_minus_sym, (Rplus_comm y). ring.
Qed.

(** Of the numbers but the first, after a pass, in terms of before. *)
Lemma pass_shrinks ls (q := INR (length ls - 1) * u) : ls <> [] -> Forall number ls ->
  magnitude (tl (pass ls)) <= q * (Rabs (sum ls) + 2 * magnitude (tl ls)).
Proof.
intros N F. unfold Expansion.pass. cbn [tl]. destruct (rev ls) as [|z zs] eqn:E.
{ apply (f_equal (@rev R)) in E. rewrite rev_involutive in E. now destruct N. }
assert (El : ls = rev (z :: zs)) by now rewrite <- E, rev_involutive. assert (L : (length ls - 1)%nat = length zs) by (rewrite El, rev_length; cbn; lia).
assert (F' : Forall number (z :: zs)) by (rewrite <- E; now apply Forall_rev). rewrite Forall_forall in F'.
assert (M : magnitude (z :: zs) = magnitude ls).
{ rewrite El. unfold magnitude. rewrite map_rev. generalize (map Rabs (z :: zs)). intros l. induction l as [|w l IH]; [reflexivity|]. cbn [rev]. rewrite sum_app, sum_cons, IH. cbn. ring. }
rewrite El at 1. rewrite (proj2 (carry_is_recursive z zs ltac:(apply Forall_forall; exact F'))). apply Rle_trans with (1 := local_errors_nu p emin tie z zs F'). rewrite M.
unfold q. rewrite L. apply Rmult_le_compat_l; [apply Rmult_le_pos; [apply pos_INR|apply Rlt_le, u_pos]|].
destruct ls as [|l0 r]; [easy|]. cbn [tl]. rewrite magnitude_cons, sum_cons.
assert (A := abs_sum r). assert (T := Rabs_triang (l0 + sum r) (- sum r)). replace (l0 + sum r + - sum r) with l0 in T by ring. rewrite Rabs_Ropp in T. lra.
Qed.

(** m passes: |l_1| + |l_2| + ... is at most f |T| + (2 q)^m of what it was before. *)
Theorem passes_settle m ls (q := INR (length ls - 1) * u) (f := q / (1 - 2 * q)) (st := Nat.iter m pass ls) : ls <> [] -> Forall number ls -> 2 * q < 1 ->
  sum st = sum ls /\ Forall number st /\ length st = length ls /\ magnitude (tl st) <= f * Rabs (sum ls) + (2 * q) ^ m * magnitude (tl ls).
Proof.
intros N F Q. assert (q0 : 0 <= q) by (apply Rmult_le_pos; [apply pos_INR|apply Rlt_le, u_pos]).
assert (E : q + 2 * q * f = f) by (unfold f; field; lra). induction m as [|m IH].
- assert (f0 : 0 <= f * Rabs (sum ls)) by (apply Rmult_le_pos; [apply Rmult_le_pos; [exact q0|apply Rlt_le, Rinv_0_lt_compat; lra]|apply Rabs_pos]).
  unfold st. cbn. split; [reflexivity|split; [exact F|split; [reflexivity|lra]]].
- unfold st. cbn [Nat.iter nat_rect] in *. set (old := Nat.iter m pass ls) in *. destruct IH as (I1 & I2 & I3 & I4).
  assert (N' : old <> []) by (intros Z; apply N, length_zero_iff_nil; rewrite <- I3, Z; reflexivity).
  destruct (pass_sum p emin Hp1 He tie Ht old N' I2) as (P1 & P2 & P3). change (nat_rect _ ls (fun _ => pass) m) with old.
  rewrite P1, P3. split; [exact I1|split; [exact P2|split; [exact I3|]]]. assert (S := pass_shrinks old N' I2). rewrite I1, I3 in S. fold q in S.
  apply Rle_trans with (1 := S). assert (2 * q * magnitude (tl old) <= 2 * q * (f * Rabs (sum ls) + (2 * q) ^ m * magnitude (tl ls))) by (apply Rmult_le_compat_l; lra).
  assert (f * Rabs (sum ls) = q * Rabs (sum ls) + 2 * q * f * Rabs (sum ls)) by (rewrite <- E at 1; ring). cbn [pow]. lra.
Qed.

(** The first number, after m passes. *)
Corollary first_after_passes m ls (q := INR (length ls - 1) * u) (f := q / (1 - 2 * q)) : ls <> [] -> Forall number ls -> 2 * q < 1 ->
  Rabs (hd 0 (Nat.iter m pass ls) - sum ls) <= f * Rabs (sum ls) + (2 * q) ^ m * magnitude (tl ls).
Proof.
intros N F Q. destruct (passes_settle m ls N F Q) as (S1 & _ & S3 & S4). apply Rle_trans with (2 := S4). rewrite <- S1.
destruct (Nat.iter m pass ls) as [|l r]; [destruct ls; easy|]. cbn [hd tl]. rewrite sum_cons. replace (l - (l + sum r)) with (- sum r) by ring. rewrite Rabs_Ropp. apply abs_sum.
Qed.

Lemma bounded_length B Ms ms : bounded B Ms ms -> length ms = length Ms.
Proof. intros H. induction H; cbn; congruence. Qed.

(** What an accumulator of more than two numbers comes to after m passes: bounds Ls that a step keeps, c what it loses, D what all steps lose. *)
Theorem expansion_of_many Ls m x xs P (s := sum (x :: xs)) (q := INR (length Ls) * u) (f := q / (1 - 2 * q)) (v := u / (1 + u))
    (D := ((1 + c p Ls) ^ length xs - 1) * P) :
  Forall (fun L => 0 <= L) Ls -> Forall2 Rle (v * (1 + sum (tl Ls)) :: snd (carry_bound p (descend_bound p Ls (v * (1 + sum Ls))))) Ls ->
  (forall y, In y (x :: xs) -> number y) -> within P x xs -> 2 * q < 1 ->
  Rabs (hd 0 (Nat.iter m pass (fold_left (add p emin tie) xs (x :: repeat 0 (length Ls)))) - s) <= f * Rabs s + (1 + f) * D + (2 * q) ^ m * (sum Ls * (P + D)).
Proof.
intros Pos St F W Q. destruct (expansion_drift p emin Hp1 He tie Ht Ls Pos St x xs P F W) as (D1 & D2 & D3).
set (st := fold_left (add p emin tie) xs (x :: repeat 0 (length Ls))) in *. fold s D in D2.
assert (q0 : 0 <= q) by (apply Rmult_le_pos; [apply pos_INR|apply Rlt_le, u_pos]). assert (f0 : 0 <= f) by (apply Rmult_le_pos; [exact q0|apply Rlt_le, Rinv_0_lt_compat; lra]).
assert (L : (length st - 1)%nat = length Ls) by (assert (B := bounded_length _ _ _ D3); destruct st; cbn [tl length] in *; [|lia]; inversion St; subst; discriminate).
assert (N : st <> []) by (intros Z; rewrite Z in L; cbn in L; inversion St; subst; discriminate).
assert (M := bounded_magnitude Ls _ _ D3). replace ((1 + c p Ls) ^ length xs * P) with (P + D) in M by (unfold D; ring).
assert (R := first_after_passes m st N D1). rewrite L in R. fold q f in R. specialize (R Q). set (T := sum st) in *. set (h := hd 0 _) in *.
assert (A : Rabs T <= Rabs s + D) by (assert (Z := Rabs_triang s (T - s)); replace (s + (T - s)) with T in Z by ring; lra).
assert (f * Rabs T <= f * (Rabs s + D)) by (apply Rmult_le_compat_l; assumption).
assert ((2 * q) ^ m * magnitude (tl st) <= (2 * q) ^ m * (sum Ls * (P + D))) by (apply Rmult_le_compat_l; [apply pow_le; lra|exact M]).
replace (h - s) with (h - T + (T - s)) by ring. generalize (Rabs_triang (h - T) (T - s)). lra.
Qed.
End Passes.
