(* SPDX-License-Identifier: Apache-2.0 *)
(** Terms added one after the other, to nearest: |computed - exact| <= k u / (1 + k u) A for k u <= 1/2. Bound dot.sharp.
    For terms of the format Lange and Rump (2019); for real terms the proof is ours, that of recursive-sums.md. *)
From Fmtlab Require Import Numbers Sums RoundingError Telescoping RecursiveSum.

Section Nearest.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Variable tie : Z -> bool.
Notation fl := (nearest tie p emin).
Notation u := (u p).

(** The sums before they are rounded. *)
Fixpoint unrounded s xs := match xs with [] => [] | x :: r => s + x :: unrounded (fl (s + x)) r end.

Definition below e t := Rabs t < bpow radix2 e.

(** Of some numbers, not all 0, the first with the largest exponent m: those before are below 2^m, it and those after below 2^(m + 1). *)
Lemma first_largest ts : (forall t, In t ts -> t = 0) \/
  exists before t after m, ts = before ++ t :: after /\ Forall (below m) before /\ bpow radix2 m <= Rabs t /\ Forall (below (m + 1)) (t :: after).
Proof.
assert (Z0 : forall e, below e 0) by (intros e; unfold below; rewrite Rabs_R0; apply bpow_gt_0).
assert (M : forall t, t <> 0 -> bpow radix2 (mag radix2 t - 1) <= Rabs t /\ below (mag radix2 t - 1 + 1) t).
{ intros t Ht. unfold below. replace (mag radix2 t - 1 + 1)%Z with (mag radix2 t : Z) by ring. split; [now apply bpow_mag_le|apply bpow_mag_gt]. }
assert (W : forall e e' t, (e <= e')%Z -> below e t -> below e' t).
{ intros e e' t He Ht. apply Rlt_le_trans with (1 := Ht). now apply bpow_le. }
induction ts as [|t0 ts IH]; [now left|].
destruct (Req_dec t0 0) as [->|N0].
- destruct IH as [IH|(before & t & after & m & -> & H1 & H2 & H3)].
  + left. intros t [<-|Ht]; auto.
  + right. exists (0 :: before), t, after, m. repeat split; auto.
- right. destruct (M t0 N0) as [M1 M2]. destruct IH as [IH|(before & t & after & m & -> & H1 & H2 & H3)].
  + exists [], t0, ts, (mag radix2 t0 - 1)%Z. repeat split; auto. constructor; [exact M2|].
    apply Forall_forall. intros t Ht. rewrite (IH t Ht). apply Z0.
  + destruct (Z_lt_le_dec (mag radix2 t0 - 1) m) as [L|G].
    * exists (t0 :: before), t, after, m. repeat split; auto. constructor; [|exact H1]. apply W with (2 := M2). lia.
    * exists [], t0, (before ++ t :: after), (mag radix2 t0 - 1)%Z. repeat split; auto. constructor; [exact M2|].
      apply Forall_app. split.
      -- apply Forall_impl with (2 := H1). intros y. apply W. lia.
      -- apply Forall_impl with (2 := H3). intros y. apply W. lia.
Qed.

Lemma unrounded_split before t after : forall s xs, unrounded s xs = before ++ t :: after ->
  exists ys y zs, xs = ys ++ y :: zs /\ unrounded s ys = before /\ t = recursive fl s ys + y /\ unrounded (fl t) zs = after.
Proof.
induction before as [|b before IH]; intros s [|x xs]; try easy.
- simpl. intros [= <- H]. exists [], x, xs. auto.
- simpl. intros [= <- H]. destruct (IH _ _ H) as (ys & y & zs & -> & <- & H3 & H4). exists (x :: ys), y, zs. auto.
Qed.

(** A multiple of 2^emin below 2^m errs by at most u 2^(m - 1). *)
Lemma error_below m t : grid emin t -> below m t -> Rabs (fl t - t) <= u * bpow radix2 (m - 1).
Proof.
intros G B. destruct (Req_dec t 0) as [->|N].
{ rewrite round_0 by typeclasses eauto. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. apply Rmult_le_pos; [apply Rlt_le, u_pos|apply bpow_ge_0]. }
destruct (Rle_or_lt (bpow radix2 (emin + p - 1)) (Rabs t)) as [L|S].
- eapply Rle_trans; [apply error_le_half_ulp; typeclasses eauto|]. rewrite ulp_neq_0 by exact N.
  rewrite u_is_half_power, Rmult_assoc, <- bpow_plus. apply Rmult_le_compat_l; [lra|]. apply bpow_le.
  unfold cexp, FLT_exp. assert (mag radix2 t <= m)%Z by now apply mag_le_bpow.
  assert (emin + p <= mag radix2 t)%Z by (apply mag_ge_bpow; exact L). lia.
- rewrite round_generic; [rewrite Rminus_diag_eq, Rabs_R0 by reflexivity; apply Rmult_le_pos; [apply Rlt_le, u_pos|apply bpow_ge_0]|typeclasses eauto|].
  apply generic_format_FLT_FIX; auto. apply Rlt_le, Rlt_le_trans with (1 := S). apply bpow_le. lia.
Qed.

(** The local errors of sums that stay below 2^m. *)
Lemma errors_below m xs : forall s, grid emin s -> (forall x, In x xs -> grid emin x) -> Forall (below m) (unrounded s xs) ->
  magnitude (errors p emin tie s xs) <= INR (length xs) * (u * bpow radix2 (m - 1)).
Proof.
intros s Gs Gx. unfold errors. generalize 0%nat. revert s Gs. induction xs as [|x xs IH]; intros s Gs k H; [unfold magnitude; simpl; lra|].
inversion_clear H as [|? ? H1 H2]. simpl local_errors. rewrite magnitude_cons. change (length (x :: xs)) with (S (length xs)). rewrite S_INR.
assert (G : grid emin (s + x)) by (apply grid_plus; [exact Gs|apply Gx; now left]).
specialize (IH (fun y Hy => Gx y (or_intror Hy)) (fl (s + x)) ltac:(apply (format_on_grid p), generic_format_round; typeclasses eauto) (S k) H2).
unfold local_error. generalize (error_below m (s + x) G H1). lra.
Qed.

(** Each local error is at most its term. *)
Lemma errors_le_terms xs : forall k s, format p emin s -> magnitude (local_errors (fun _ s x => fl (s + x)) k s xs) <= magnitude xs.
Proof.
induction xs as [|x xs IH]; intros k s Fs; [apply Rle_refl|]. simpl local_errors. rewrite !magnitude_cons.
apply Rplus_le_compat; [unfold local_error; now apply error_le_term|]. apply IH, generic_format_round; typeclasses eauto.
Qed.

Lemma recursive_app ys zs s : recursive fl s (ys ++ zs) = recursive fl (recursive fl s ys) zs.
Proof. apply fold_left_app. Qed.

(** k additions of multiples of 2^emin to a number of the format; from 0 this is the sum of k terms, from the first of n terms k = n - 1. *)
Theorem sharp_sum x0 xs : format p emin x0 -> (forall x, In x xs -> grid emin x) -> INR (length xs) * u <= / 2 ->
  Rabs (recursive fl x0 xs - (x0 + sum xs)) <= INR (length xs) * u / (1 + INR (length xs) * u) * (Rabs x0 + magnitude xs).
Proof.
intros F0 Gx Hk. set (k := INR (length xs)) in *. assert (k0 : 0 <= k * u) by (apply Rmult_le_pos; [apply pos_INR|apply Rlt_le, u_pos]).
set (D := Rabs _). set (A := Rabs x0 + magnitude xs). assert (G0 : grid emin x0) by now apply (format_on_grid p).
enough (E : D * (1 + k * u) <= k * u * A).
{ apply Rmult_le_reg_r with (1 + k * u); [lra|]. unfold Rdiv. rewrite Rmult_assoc, (Rmult_comm A), <- Rmult_assoc, (Rmult_assoc (k * u)), Rinv_l by lra. lra. }
(* The error of the whole is that of the sums up to the first largest one, of it, and of those after it. *)
destruct (first_largest (x0 :: unrounded x0 xs)) as [Z0|(before & t & after & m & E & H1 & H2 & H3)].
{ assert (Z : Forall (below (emin - 1)) (unrounded x0 xs)).
  { apply Forall_forall. intros t Ht. rewrite (Z0 t (or_intror Ht)). unfold below. rewrite Rabs_R0. apply bpow_gt_0. }
  assert (B : D <= 0).
  { apply Rle_trans with (1 := recursive_error p emin tie x0 xs). unfold errors. clear -Z0 Hp. generalize 0%nat. revert x0 Z0.
    induction xs as [|x xs IH]; intros x0 Z0 k; [unfold magnitude; simpl; lra|]. simpl local_errors. rewrite magnitude_cons.
    assert (T : x0 + x = 0) by (apply Z0; right; now left). unfold local_error at 1. rewrite T, round_0 by typeclasses eauto.
    rewrite Rminus_0_r, Rabs_R0, Rplus_0_l. apply IH. intros t [<-|Ht]; [reflexivity|]. apply Z0. right. right. simpl. now rewrite T, round_0 by typeclasses eauto. }
  assert (0 <= k * u * A) by (apply Rmult_le_pos; [exact k0|unfold A; generalize (Rabs_pos x0) (magnitude_pos xs); lra]). nra. }
set (M := bpow radix2 m) in *. assert (M0 : 0 < M) by apply bpow_gt_0.
assert (HM : u * bpow radix2 (m - 1) = u * M / 2).
{ unfold M. replace (m - 1)%Z with (m + -1)%Z by ring. rewrite bpow_plus. change (bpow radix2 (-1)) with (/ 2). field. }
assert (HM' : bpow radix2 (m + 1 - 1) = M) by (unfold M; f_equal; ring).
destruct before as [|b before].
- (* The start is the largest. *)
  simpl in E. injection E as <- <-. inversion_clear H3 as [|? ? _ Ha].
  generalize (recursive_error p emin tie x0 xs) (errors_below (m + 1) xs x0 G0 Gx Ha) (errors_le_terms xs 0 x0 F0). rewrite HM'. fold D k.
  set (b := magnitude (errors _ _ _ _ _)). intros B1 B2 B3. unfold A.
  assert (k * u * b <= k * u * magnitude xs) by (apply Rmult_le_compat_l; assumption).
  assert (k * u * M <= k * u * Rabs x0) by (apply Rmult_le_compat_l; assumption).
  assert (D * (k * u) <= b * (k * u)) by (apply Rmult_le_compat_r; assumption). lra.
- simpl in E. injection E as <- E. inversion_clear H1 as [|? ? _ Hb]. inversion_clear H3 as [|? ? Ht Ha].
  destruct (unrounded_split before t after x0 xs E) as (ys & y & zs & Exs & Ey & Et & Ez).
  assert (Gys : forall x, In x ys -> grid emin x) by (intros x Hx; apply Gx; rewrite Exs; apply in_or_app; now left).
  assert (Gy : grid emin y) by (apply Gx; rewrite Exs; apply in_or_app; right; now left).
  assert (Gzs : forall x, In x zs -> grid emin x) by (intros x Hx; apply Gx; rewrite Exs; apply in_or_app; right; now right).
  set (s := recursive fl x0 ys) in *. assert (Fs : format p emin s) by (unfold s; apply recursive_format; typeclasses eauto || exact F0).
  assert (Gt : grid emin t) by (rewrite Et; apply grid_plus; [now apply (format_on_grid p)|exact Gy]).
  assert (Ft : format p emin (fl t)) by (apply generic_format_round; typeclasses eauto).
  set (a := Rabs (s - (x0 + sum ys))). set (c := Rabs (fl t - t)).
  set (b := magnitude (errors p emin tie (fl t) zs)).
  assert (Ba : a <= INR (length ys) * (u * M / 2)).
  { rewrite <- HM. apply Rle_trans with (1 := recursive_error p emin tie x0 ys). apply errors_below; try assumption. now rewrite Ey. }
  assert (Bc : c <= u * M) by (unfold c; rewrite <- HM'; now apply error_below).
  assert (Bb : b <= INR (length zs) * (u * M)).
  { rewrite <- HM'. apply errors_below; try assumption; [now apply (format_on_grid p)|now rewrite Ez]. }
  assert (Bz : b <= magnitude zs) by now apply errors_le_terms.
  (* No number of the format is nearer to t than its rounded value: M is not. *)
  assert (Bt : M + c <= Rabs t).
  { assert (FM : forall z, Rabs z = M -> format p emin z).
    { intros z Hz. apply generic_format_abs_inv. rewrite Hz. unfold M. apply generic_format_bpow. unfold FLT_exp.
      assert (emin <= m)%Z; [|unfold Prec_gt_0 in Hp; lia].
      apply grid_is_multiples in Gt. destruct Gt as [n Gt]. assert (N : (n <> 0)%Z).
      { intros ->. rewrite Rmult_0_l in Gt. rewrite Gt, Rabs_R0 in H2. lra. }
      assert (bpow radix2 emin < bpow radix2 (m + 1)).
      { apply Rle_lt_trans with (2 := Ht). rewrite Gt, Rabs_mult, (Rabs_pos_eq (bpow _ _)) by apply bpow_ge_0.
        rewrite <- (Rmult_1_l (bpow radix2 emin)) at 1. apply Rmult_le_compat_r; [apply bpow_ge_0|]. rewrite <- abs_IZR. apply IZR_le. lia. }
      apply lt_bpow in H. lia. }
    unfold c. destruct (Rle_or_lt 0 t) as [P|N].
    - apply Rplus_le_reg_l with (- M). replace (- M + (M + Rabs (fl t - t))) with (Rabs (fl t - t)) by ring.
      eapply Rle_trans; [apply (error_nearest p emin tie t M); apply FM, Rabs_pos_eq; lra|]. by_signs.
    - apply Rplus_le_reg_l with (- M). replace (- M + (M + Rabs (fl t - t))) with (Rabs (fl t - t)) by ring.
      eapply Rle_trans; [apply (error_nearest p emin tie t (- M)); apply FM; rewrite Rabs_Ropp, Rabs_pos_eq; lra|]. by_signs. }
  assert (BA : M + c - a + b <= A).
  { unfold A. rewrite Exs, magnitude_app, magnitude_cons. generalize (abs_sum ys). intros Sy.
    assert (Rabs t <= Rabs x0 + Rabs (sum ys) + Rabs y + a).
    { unfold a. rewrite Et. replace (s + y) with (x0 + sum ys + y + (s - (x0 + sum ys))) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat_r. eapply Rle_trans; [apply Rabs_triang|].
      apply Rplus_le_compat_r, Rabs_triang. }
    lra. }
  assert (BD : D <= a + c + b).
  { unfold D. rewrite Exs, recursive_app, recursive_cons, sum_app, sum_cons. fold s. rewrite <- Et.
    replace (recursive fl (fl t) zs - (x0 + (sum ys + (y + sum zs))))
      with ((s - (x0 + sum ys)) + (fl t - t) + (recursive fl (fl t) zs - (fl t + sum zs))) by (rewrite Et; ring).
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat; [apply Rabs_triang|apply recursive_error]. }
  assert (Hn : k = INR (length ys) + 1 + INR (length zs)).
  { unfold k. rewrite Exs, app_length. simpl length. rewrite plus_INR, S_INR. ring. }
  assert (0 <= a) by apply Rabs_pos.
  assert (k * u * (M + c - a + b) <= k * u * A) by (apply Rmult_le_compat_l; assumption).
  assert (D * (1 + k * u) <= (a + c + b) * (1 + k * u)) by (apply Rmult_le_compat_r; lra).
  assert (2 * (k * u) * a <= a) by nra.
  assert (k * (u * M) = INR (length ys) * (u * M) + u * M + INR (length zs) * (u * M)) by (rewrite Hn; ring). lra.
Qed.
End Nearest.
