(* SPDX-License-Identifier: Apache-2.0 *)
(** Compensated summation: the errors of a sum, which 2Sum gives exactly, are summed beside it and added at the end:
    |computed - s| <= u |s| + (1 + u) k (k - 1) u^2 A for every k. Bound dot.sum2. After Ogita, Rump and Oishi (2005). *)
From Fmtlab Require Import Numbers Sums Telescoping RoundingError RecursiveSum ErrorFree.

Section Sum2.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Hypothesis He : (emin <= 0)%Z.
Variable tie : Z -> bool.
Hypothesis Ht : symmetric tie.
Notation fl := (nearest tie p emin).
Notation u := (u p).

(** 2Sum's error of fl(s + x). *)
Definition two_sum_error s x := let t := fl (s + x) in let x' := fl (t - s) in let s' := fl (t - x') in fl (fl (s - s') + fl (x - x')).

(** The errors of the additions, and the sum of a list that begins with its first element. *)
Fixpoint compensations s xs := match xs with [] => [] | x :: r => two_sum_error s x :: compensations (fl (s + x)) r end.
Definition recursive_from_first xs := match xs with [] => 0 | x :: r => recursive fl x r end.

Definition sum2 x xs := fl (recursive fl x xs + recursive_from_first (compensations x xs)).

Lemma compensations_exact xs : forall k s, format p emin s -> (forall x, In x xs -> format p emin x) ->
  compensations s xs = map Ropp (local_errors (fun _ s x => fl (s + x)) k s xs).
Proof.
induction xs as [|x xs IH]; intros k s Fs Fx; [reflexivity|]. simpl. f_equal.
- unfold local_error. generalize (two_sum p emin Hp1 He tie s x Ht Fs (Fx x (or_introl eq_refl))). unfold two_sum_error. simpl. lra.
- apply IH; [apply generic_format_round; typeclasses eauto|]. intros y Hy. apply Fx. now right.
Qed.

Lemma compensations_in_format xs : forall s y, In y (compensations s xs) -> format p emin y.
Proof.
induction xs as [|x xs IH]; intros s y; [easy|]. simpl. intros [<-|H]; [|now apply IH in H]. apply generic_format_round; typeclasses eauto.
Qed.

Lemma compensations_length xs : forall s, length (compensations s xs) = length xs.
Proof. induction xs as [|x xs IH]; intros s; simpl; [reflexivity|]. now rewrite IH. Qed.

Lemma magnitude_opp l : magnitude (map Ropp l) = magnitude l.
Proof. unfold magnitude. rewrite map_map. f_equal. apply map_ext. intros x. apply Rabs_Ropp. Qed.

Lemma sum_opp l : sum (map Ropp l) = - sum l.
Proof. induction l as [|x l IH]; simpl; [ring|]. rewrite IH. ring. Qed.

(** k additions to the first of k + 1 numbers of the format. *)
Theorem sum2_bound x xs (k := INR (length xs)) (s := sum (x :: xs)) (A := magnitude (x :: xs)) : (forall y, In y (x :: xs) -> format p emin y) ->
  Rabs (sum2 x xs - s) <= u * Rabs s + (1 + u) * (k * (k - 1) * u * u * A).
Proof.
intros F. assert (u0 : 0 < u) by apply u_pos. assert (A0 : 0 <= A) by apply magnitude_pos.
assert (Fx : format p emin x) by (apply F; now left). assert (Fxs : forall y, In y xs -> format p emin y) by (intros y Hy; apply F; now right).
destruct xs as [|y ys].
{ unfold sum2, s. simpl. rewrite !Rplus_0_r, round_generic by (assumption || typeclasses eauto). rewrite Rminus_diag_eq, Rabs_R0 by reflexivity.
  apply Rplus_le_le_0_compat; [apply Rmult_le_pos; [lra|apply Rabs_pos]|]. unfold k. simpl. lra. }
set (es := compensations x (y :: ys)). set (c := recursive fl x (y :: ys)).
assert (Ee : es = map Ropp (errors p emin tie x (y :: ys))) by now apply compensations_exact.
assert (Le : length es = length (y :: ys)) by apply compensations_length.
assert (Me : magnitude es <= k * u * A) by (rewrite Ee, magnitude_opp; now apply local_errors_nu).
assert (Se : sum es = s - c).
{ rewrite Ee, sum_opp. unfold errors. rewrite <- telescoping, run_is_recursive.
  change s with (x + sum (y :: ys)). unfold c. ring. }
assert (B : Rabs (recursive_from_first es - sum es) <= (k - 1) * u * (k * u * A)).
{ destruct es as [|e es'] eqn:El; [easy|]. unfold recursive_from_first.
  replace (k - 1) with (INR (length es')) by (unfold k; rewrite <- Le; change (length (e :: es')) with (S (length es')); rewrite S_INR; ring).
  apply Rle_trans with (INR (length es') * u * magnitude (e :: es')).
  - apply recursive_sum_nu_format; [exact Hp|]. intros z Hz. rewrite <- El in Hz. now apply compensations_in_format in Hz.
  - apply Rmult_le_compat_l; [|exact Me]. apply Rmult_le_pos; [apply pos_INR|lra]. }
assert (G : grid emin (c + recursive_from_first es)).
{ apply grid_plus; apply (format_on_grid p).
  - apply recursive_format; try typeclasses eauto. exact Fx.
  - unfold recursive_from_first. destruct es as [|e es'] eqn:El; [easy|]. apply recursive_format; try typeclasses eauto.
    apply (compensations_in_format (y :: ys) x). fold es. rewrite El. now left. }
set (d := recursive_from_first es - sum es) in *.
assert (T : c + recursive_from_first es = s + d) by (unfold d; rewrite Se; ring).
change (sum2 x (y :: ys)) with (fl (c + recursive_from_first es)). rewrite T in *.
assert (R : Rabs (fl (s + d) - (s + d)) <= u * Rabs (s + d)).
{ rewrite <- (Rplus_0_r (u * Rabs (s + d))). apply (relative_to_u p). rewrite Rplus_0_r. now apply error_on_grid. }
assert (Rabs (s + d) <= Rabs s + Rabs d) by apply Rabs_triang.
assert (u * Rabs (s + d) <= u * (Rabs s + Rabs d)) by (apply Rmult_le_compat_l; lra).
assert (Rabs (fl (s + d) - s) <= Rabs (fl (s + d) - (s + d)) + Rabs d) by by_signs.
assert (u * Rabs d <= u * ((k - 1) * u * (k * u * A))) by (apply Rmult_le_compat_l; lra).
replace (k * (k - 1) * u * u * A) with ((k - 1) * u * (k * u * A)) by ring. lra.
Qed.
End Sum2.
