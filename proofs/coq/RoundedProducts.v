(* SPDX-License-Identifier: Apache-2.0 *)
(** Products and sums rounded to one format, to nearest: |computed - exact| <= n u A for every n, although there are 2 n - 1 roundings.
    Bound dot.nu-rounded. After Jeannerod and Rump (2013); the induction is ours. *)
From Fmtlab Require Import Numbers Sums RoundingError RecursiveSum.

(** One step: the error d <= i u A of i terms, of which i >= 1, grows by the errors of a product a and of an addition e. c is the computed product, x the
    exact one, v = u / (1 + u). *)
Lemma rounded_product_step u i A x c d a e (v := u / (1 + u)) : 0 <= u <= 1 -> 1 <= i -> 0 <= A -> 0 <= x -> 0 <= c ->
  d <= i * u * A -> a <= v * x -> c <= x + a -> e <= c -> e <= v * (A + d + c) -> d + a + e <= (i + 1) * u * (A + x).
Proof.
intros Hu Hi HA Hx Hc Hd Ha Hcx He1 He2.
assert (Hv : v * (1 + u) = u) by (unfold v; field; lra). assert (0 <= v) by (apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
assert (0 <= u * v) by (apply Rmult_le_pos; lra). assert (v <= u) by lra.
assert (v * x <= u * x) by (apply Rmult_le_compat_r; assumption).
assert (0 <= u * x) by (apply Rmult_le_pos; lra). assert (0 <= (i - 1) * (u * x)) by (apply Rmult_le_pos; lra).
assert (0 <= v * A) by (apply Rmult_le_pos; lra).
destruct (Rle_or_lt c (u * A)) as [S|L]; [lra|].
(* d + a + e <= i u A + v x + v (A + i u A + c), and c <= (1 + v) x, u A < c. *)
assert (c <= (1 + v) * x) by lra. assert (v * c <= v * ((1 + v) * x)) by (apply Rmult_le_compat_l; assumption).
assert (v * d <= v * (i * u * A)) by (apply Rmult_le_compat_l; assumption).
(* v A + i v u A = u A + (i - 1) v u A, and v u A <= v (1 + v) x <= u x. *)
assert (v * (1 + v) <= u) by nra.
assert (V1 : v * (u * A) <= v * ((1 + v) * x)) by (apply Rmult_le_compat_l; nra).
assert (V2 : v * (u * A) <= u * x) by nra.
assert (V3 : (i - 1) * (v * (u * A)) <= (i - 1) * (u * x)) by (apply Rmult_le_compat_l; lra).
assert (V4 : v * (1 + u) * A = u * A) by (rewrite Hv; reflexivity).
assert (V5 : v * (1 + v) * x <= u * x) by (apply Rmult_le_compat_r; assumption).
lra.
Qed.

Section Nearest.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Variable tie : Z -> bool.
Notation fl := (nearest tie p emin).
Notation u := (u p).

(** A term x, and the number c of the format that stands for it. *)
Definition near (v : R) (t : R * R) := format p emin (snd t) /\ Rabs (snd t - fst t) <= v * Rabs (fst t).

Lemma rounded_terms_invariant ts : Forall (near (u / (1 + u))) ts -> forall s e A i, format p emin s -> 0 <= A -> 1 <= i -> Rabs e <= A ->
  Rabs (s - e) <= i * u * A ->
  Rabs (recursive fl s (map snd ts) - (e + sum (map fst ts))) <= (i + INR (length ts)) * u * (A + magnitude (map fst ts)).
Proof.
intros H. induction H as [|[x c] ts [Fc Hc] _ IH]; intros s e A i Hs HA Hi He Hd.
{ unfold magnitude. simpl. rewrite !Rplus_0_r. exact Hd. }
simpl map. rewrite recursive_cons, sum_cons, magnitude_cons. change (length ((x, c) :: ts)) with (S (length ts)). rewrite S_INR.
simpl in Fc, Hc.
replace (e + (x + sum (map fst ts))) with (e + x + sum (map fst ts)) by ring.
replace (i + (INR (length ts) + 1)) with (i + 1 + INR (length ts)) by ring.
replace (A + (Rabs x + magnitude (map fst ts))) with (A + Rabs x + magnitude (map fst ts)) by ring.
apply IH.
- apply generic_format_round; typeclasses eauto.
- generalize (Rabs_pos x). lra.
- lra.
- eapply Rle_trans; [apply Rabs_triang|lra].
- set (l := fl (s + c) - (s + c)).
  replace (fl (s + c) - (e + x)) with ((s - e) + (c - x) + l) by (unfold l; ring).
  apply Rle_trans with (Rabs (s - e) + Rabs (c - x) + Rabs l).
  { eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat_r, Rabs_triang. }
  apply rounded_product_step with (c := Rabs c); try assumption; try apply Rabs_pos.
  + generalize (u_pos p) (u_le_half p Hp). lra.
  + by_signs.
  + now apply error_le_term.
  + eapply Rle_trans; [apply error_on_grid; [exact Hp|]|].
    { apply grid_plus; now apply (format_on_grid p). }
    apply Rmult_le_compat_l; [apply shrunk_u|].
    assert (Rabs (s + c) <= Rabs s + Rabs c) by apply Rabs_triang. assert (Rabs s <= Rabs e + Rabs (s - e)) by by_signs. lra.
Qed.

(** Products x_i, each rounded to the format without underflow, then added from 0: |computed - exact| <= n u A. *)
Theorem rounded_terms_nu ts : Forall (near (u / (1 + u))) ts ->
  Rabs (recursive fl 0 (map snd ts) - sum (map fst ts)) <= INR (length ts) * u * magnitude (map fst ts).
Proof.
intros H. destruct H as [|[x c] ts [Fc Hc] H].
{ unfold magnitude. simpl. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. lra. }
simpl map. rewrite recursive_cons, sum_cons, magnitude_cons. change (length ((x, c) :: ts)) with (S (length ts)). rewrite S_INR.
simpl in Fc, Hc. rewrite Rplus_0_l, round_generic by (assumption || typeclasses eauto).
rewrite (Rplus_comm (INR (length ts))). apply rounded_terms_invariant; try assumption; try lra.
- apply Rabs_pos.
- eapply Rle_trans; [exact Hc|]. rewrite Rmult_1_l. apply Rmult_le_compat_r; [apply Rabs_pos|apply shrunk_u].
Qed.

(** With underflow of products: |computed - exact| <= n u A + n (1 + n u) eta/2. *)
Theorem rounded_products_nu xs :
  Rabs (recursive fl 0 (map fl xs) - sum xs) <= INR (length xs) * u * magnitude xs + INR (length xs) * (1 + INR (length xs) * u) * half_eta emin.
Proof.
(* Where x underflows its rounded value is taken for the exact one. *)
set (seen := fun x => if Rle_lt_dec (bpow radix2 (emin + p - 1)) (Rabs x) then x else fl x).
assert (N : Forall (near (u / (1 + u))) (map (fun x => (seen x, fl x)) xs)).
{ induction xs as [|x xs IH]; [constructor|]. simpl. constructor; [|exact IH]. unfold near. simpl. split.
  - apply generic_format_round; typeclasses eauto.
  - unfold seen. destruct (Rle_lt_dec (bpow radix2 (emin + p - 1)) (Rabs x)) as [L|S]; [now apply error_normal|].
    rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. apply Rmult_le_pos; [apply shrunk_u|apply Rabs_pos]. }
assert (D : forall x, Rabs (seen x - x) <= half_eta emin).
{ intros x. unfold seen. destruct (Rle_lt_dec (bpow radix2 (emin + p - 1)) (Rabs x)) as [L|S].
  - rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. apply Rlt_le, half_eta_pos.
  - apply error_subnormal; [exact Hp|]. eapply Rlt_le_trans; [exact S|apply bpow_le; lia]. }
assert (E : Rabs (sum (map seen xs) - sum xs) <= INR (length xs) * half_eta emin
  /\ magnitude (map seen xs) <= magnitude xs + INR (length xs) * half_eta emin).
{ clear N. induction xs as [|x xs [IH1 IH2]].
  - unfold magnitude. simpl. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. lra.
  - simpl map. rewrite !sum_cons, !magnitude_cons. change (length (x :: xs)) with (S (length xs)). rewrite S_INR.
    specialize (D x). split.
    + replace (seen x + sum (map seen xs) - (x + sum xs)) with ((seen x - x) + (sum (map seen xs) - sum xs)) by ring.
      eapply Rle_trans; [apply Rabs_triang|lra].
    + assert (Rabs (seen x) <= Rabs x + Rabs (seen x - x)) by by_signs. lra. }
generalize (rounded_terms_nu _ N). rewrite !map_map, map_length. simpl.
replace (map (fun x => fl x) xs) with (map fl xs) by reflexivity. destruct E as [E1 E2]. intros T.
set (n := INR (length xs)) in *. assert (0 <= n * u) by (apply Rmult_le_pos; [apply pos_INR|apply Rlt_le, u_pos]).
assert (n * u * magnitude (map seen xs) <= n * u * (magnitude xs + n * half_eta emin)) by (apply Rmult_le_compat_l; assumption).
replace (recursive fl 0 (map fl xs) - sum xs)
  with ((recursive fl 0 (map fl xs) - sum (map seen xs)) + (sum (map seen xs) - sum xs)) by ring.
eapply Rle_trans; [apply Rabs_triang|]. change (map (fun x => seen x) xs) with (map seen xs) in T. lra.
Qed.
End Nearest.
