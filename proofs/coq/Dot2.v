(* SPDX-License-Identifier: Apache-2.0 *)
(** Compensated dot products: products and sums leave their errors, which are summed beside and added at the end:
    |computed - s| <= u |s| + (1 + u) (u + (n - 1) u (1 + u)) (k (1 + u) + 1) u A for every n. Bound dot.dot2. After Ogita, Rump and Oishi (2005). *)
From Fmtlab Require Import Numbers Sums Telescoping RoundingError RecursiveSum ErrorFree Sum2 DoubleRounding.

Section Dot2.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Hypothesis He : (emin <= 0)%Z.
Variable tie : Z -> bool.
Hypothesis Ht : symmetric tie.
Notation fl := (nearest tie p emin).
Notation u := (u p).

(** A product as the rounded product h and its error r, both numbers of the format; the product is h + r. *)
Definition split (t : R * R) := format p emin (fst t) /\ format p emin (snd t) /\ Rabs (snd t) <= u * Rabs (fst t + snd t).

Definition value (t : R * R) := fst t + snd t.

(** fl(e_i + r_i) of the errors of additions and of products. *)
Fixpoint joined es rs := match es, rs with e :: es, r :: rs => fl (e + r) :: joined es rs | _, _ => [] end.

Definition dot2 t ts := let hs := map fst ts in
  fl (recursive fl (fst t) hs + recursive fl (snd t) (joined (compensations p emin tie (fst t) hs) (map snd ts))).

Lemma joined_length es : forall rs, length es = length rs -> length (joined es rs) = length rs.
Proof. induction es as [|e es IH]; intros [|r rs] H; simpl in *; try easy. rewrite IH; congruence. Qed.

Lemma joined_in_format es : forall rs y, In y (joined es rs) -> format p emin y.
Proof.
induction es as [|e es IH]; intros [|r rs] y H; simpl in *; try easy. destruct H as [<-|H]; [|now apply IH in H].
apply generic_format_round; typeclasses eauto.
Qed.

Lemma joined_errors es : forall rs, length es = length rs -> (forall y, In y es -> format p emin y) -> (forall y, In y rs -> format p emin y) ->
  Rabs (sum (joined es rs) - (sum es + sum rs)) <= u * (magnitude es + magnitude rs)
  /\ magnitude (joined es rs) <= (1 + u) * (magnitude es + magnitude rs).
Proof.
induction es as [|e es IH]; intros [|r rs] L Fe Fr; try easy.
{ unfold magnitude. simpl. rewrite Rplus_0_r, Rminus_0_r, Rabs_R0. lra. }
destruct (IH rs ltac:(simpl in L; congruence) (fun y Hy => Fe y (or_intror Hy)) (fun y Hy => Fr y (or_intror Hy))) as [I1 I2].
simpl joined. rewrite !sum_cons, !magnitude_cons.
assert (E : Rabs (fl (e + r) - (e + r)) <= u * Rabs (e + r)).
{ rewrite <- (Rplus_0_r (u * Rabs (e + r))). apply (relative_to_u p). rewrite Rplus_0_r. apply error_on_grid; [exact Hp|].
  apply grid_plus; apply (format_on_grid p); [apply Fe|apply Fr]; now left. }
assert (u * Rabs (e + r) <= u * (Rabs e + Rabs r)) by (apply Rmult_le_compat_l; [apply Rlt_le, u_pos|apply Rabs_triang]).
assert (Rabs (e + r) <= Rabs e + Rabs r) by apply Rabs_triang. split.
- replace (fl (e + r) + sum (joined es rs) - (e + sum es + (r + sum rs)))
    with ((fl (e + r) - (e + r)) + (sum (joined es rs) - (sum es + sum rs))) by ring.
  eapply Rle_trans; [apply Rabs_triang|lra].
- assert (Rabs (fl (e + r)) <= Rabs (e + r) + Rabs (fl (e + r) - (e + r))) by by_signs. lra.
Qed.

Lemma magnitudes_of_split ts : Forall split ts ->
  magnitude (map fst ts) <= (1 + u) * magnitude (map value ts) /\ magnitude (map snd ts) <= u * magnitude (map value ts).
Proof.
intros H. induction H as [|[h r] ts (_ & _ & Hr) _ [I1 I2]]; [unfold magnitude; simpl; lra|]. simpl map. rewrite !magnitude_cons. unfold value at 1 3.
simpl in *. assert (Rabs h <= Rabs (h + r) + Rabs r) by by_signs. lra.
Qed.

Lemma sum_of_split ts : sum (map value ts) = sum (map fst ts) + sum (map snd ts).
Proof. induction ts as [|[h r] ts IH]; simpl; [ring|]. rewrite IH. unfold value. simpl. ring. Qed.

(** n = k + 1 products. *)
Theorem dot2_bound t ts (k := INR (length ts)) (s := sum (map value (t :: ts))) (A := magnitude (map value (t :: ts))) : Forall split (t :: ts) ->
  Rabs (dot2 t ts - s) <= u * Rabs s + (1 + u) * ((u + k * u * (1 + u)) * ((k * (1 + u) + 1) * u * A)).
Proof.
intros F. assert (u0 : 0 < u) by apply u_pos. assert (A0 : 0 <= A) by apply magnitude_pos. assert (k0 : 0 <= k) by apply pos_INR.
destruct (magnitudes_of_split _ F) as [Mh Mr]. fold A in Mh, Mr.
inversion F as [|? ? (Fh & Fr & _) Ft]; subst. rewrite Forall_forall in Ft.
assert (Fhs : forall y, In y (map fst ts) -> format p emin y) by (intros y Hy; apply in_map_iff in Hy; destruct Hy as (x & <- & Hx); now apply Ft).
assert (Frs : forall y, In y (map snd ts) -> format p emin y) by (intros y Hy; apply in_map_iff in Hy; destruct Hy as (x & <- & Hx); now apply Ft).
set (h := fst t) in *. set (r := snd t) in *. set (hs := map fst ts) in *. set (rs := map snd ts) in *.
set (es := compensations p emin tie h hs). set (c := recursive fl h hs).
assert (Lh : length hs = length ts) by apply map_length. assert (Lr : length rs = length ts) by apply map_length.
assert (Ee : es = map Ropp (errors p emin tie h hs)) by now apply compensations_exact.
assert (Le : length es = length rs) by (unfold es; rewrite compensations_length, Lh; now symmetry).
assert (Me : magnitude es <= k * u * magnitude (h :: hs)).
{ rewrite Ee, magnitude_opp. unfold k. rewrite <- Lh. apply local_errors_nu; [exact Hp|]. intros y [<-|Hy]; [exact Fh|now apply Fhs]. }
assert (Se : sum es = sum (h :: hs) - c).
{ rewrite Ee, sum_opp. unfold errors. rewrite <- telescoping, run_is_recursive. change (sum (h :: hs)) with (h + sum hs). unfold c. ring. }
assert (Fes : forall y, In y es -> format p emin y) by (intros y Hy; exact (compensations_in_format p emin tie hs h y Hy)).
set (js := joined es rs). destruct (joined_errors es rs Le Fes Frs) as [J1 J2]. fold js in J1, J2.
set (C := magnitude es + magnitude (r :: rs)).
assert (HC : C <= (k * (1 + u) + 1) * u * A).
{ unfold C. assert (k * u * magnitude (h :: hs) <= k * u * ((1 + u) * A)) by (apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|exact Mh]).
  change (magnitude (r :: rs) <= u * A) in Mr. lra. }
assert (C0 : 0 <= magnitude es) by apply magnitude_pos. assert (C1 : 0 <= magnitude (r :: rs)) by apply magnitude_pos.
assert (Mj : magnitude (r :: js) <= (1 + u) * C).
{ rewrite magnitude_cons. unfold C. rewrite magnitude_cons. generalize (Rabs_pos r). intros. assert (0 <= u * Rabs r) by (apply Rmult_le_pos; lra). lra. }
assert (S : Rabs (recursive fl r js - sum (r :: js)) <= k * u * ((1 + u) * C)).
{ apply Rle_trans with (INR (length js) * u * magnitude (r :: js)).
  - apply recursive_sum_nu_format; [exact Hp|]. intros y [<-|Hy]; [exact Fr|]. now apply joined_in_format in Hy.
  - unfold js. rewrite joined_length, Lr by exact Le. apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|exact Mj]. }
set (sigma := recursive fl r js) in *. set (d := sigma - (sum es + sum (r :: rs))).
assert (B : Rabs d <= (u + k * u * (1 + u)) * C).
{ replace d with ((sigma - sum (r :: js)) + (sum js - (sum es + sum rs))) by (unfold d; rewrite !sum_cons; ring).
  eapply Rle_trans; [apply Rabs_triang|]. assert (magnitude es + magnitude rs <= C) by (unfold C; rewrite magnitude_cons; generalize (Rabs_pos r); lra).
  assert (u * (magnitude es + magnitude rs) <= u * C) by (apply Rmult_le_compat_l; lra). lra. }
assert (D : s = sum (h :: hs) + sum (r :: rs)) by apply (sum_of_split (t :: ts)).
assert (T : c + sigma = s + d) by (unfold d; rewrite Se, D; ring).
assert (G : grid emin (s + d)).
{ rewrite <- T. apply grid_plus; apply (format_on_grid p); apply recursive_format; try typeclasses eauto; assumption. }
change (dot2 t ts) with (fl (c + sigma)). rewrite T.
assert (Q : Rabs (fl (s + d) - (s + d)) <= u * Rabs (s + d)).
{ rewrite <- (Rplus_0_r (u * Rabs (s + d))). apply (relative_to_u p). rewrite Rplus_0_r. now apply error_on_grid. }
assert (u * Rabs (s + d) <= u * (Rabs s + Rabs d)) by (apply Rmult_le_compat_l; [lra|apply Rabs_triang]).
assert (Rabs (fl (s + d) - s) <= Rabs (fl (s + d) - (s + d)) + Rabs d) by by_signs.
assert (P : 0 <= u + k * u * (1 + u)) by (assert (0 <= k * u * (1 + u)) by (apply Rmult_le_pos; [apply Rmult_le_pos|]; lra); lra).
assert (Rabs d <= (u + k * u * (1 + u)) * ((k * (1 + u) + 1) * u * A)) by (apply Rle_trans with (1 := B), Rmult_le_compat_l; assumption).
assert ((1 + u) * Rabs d <= (1 + u) * ((u + k * u * (1 + u)) * ((k * (1 + u) + 1) * u * A))) by (apply Rmult_le_compat_l; lra). lra.
Qed.

(** A number of at most 2 p bits that is a multiple of 2^emin is split by rounding it: the error is a number of the format. *)
Theorem rounding_splits x : generic_format radix2 (FLX_exp (2 * p)) x -> grid emin x -> split (fl x, x - fl x).
Proof.
intros Fx Gx. assert (F : format p emin (fl x)) by (apply generic_format_round; typeclasses eauto).
split; [exact F|]. simpl. split.
- destruct (Req_dec x 0) as [->|N].
  { rewrite round_0, Rminus_diag_eq by (reflexivity || typeclasses eauto). apply generic_format_0. }
  set (m := mag radix2 x : Z). destruct (Z_lt_le_dec (m - p) emin) as [S|L].
  { rewrite round_generic, Rminus_diag_eq; [apply generic_format_0|reflexivity|typeclasses eauto|].
    apply generic_format_FLT_FIX; auto. apply Rlt_le. apply Rlt_le_trans with (1 := bpow_mag_gt radix2 x), bpow_le. fold m. lia. }
  set (g := Z.max emin (m - 2 * p)). assert (Hp' : (0 < p)%Z) by exact Hp.
  assert (G : grid g x).
  { unfold g. destruct (Z.max_spec emin (m - 2 * p)) as [[_ ->]|[_ ->]]; [|exact Gx].
    apply grid_is_multiples. exists (Ztrunc (scaled_mantissa radix2 (FLX_exp (2 * p)) x)). exact Fx. }
  assert (Gf : grid g (fl x)).
  { apply (grid_finer (cexp radix2 (FLT_exp emin p) x)); [unfold g, cexp, FLT_exp; fold m; lia|].
    apply grid_is_multiples. eexists. unfold round, F2R. simpl. reflexivity. }
  apply (grid_exact p emin g); [unfold g; lia|apply grid_plus; [exact G|now apply grid_opp]|].
  rewrite <- Rabs_Ropp. replace (- (x - fl x)) with (fl x - x) by ring.
  eapply Rle_trans; [apply error_le_half_ulp; typeclasses eauto|]. rewrite ulp_neq_0 by exact N.
  apply Rle_trans with (bpow radix2 (cexp radix2 (FLT_exp emin p) x)); [generalize (bpow_ge_0 radix2 (cexp radix2 (FLT_exp emin p) x)); lra|].
  apply bpow_le. unfold cexp, FLT_exp, g. fold m. lia.
- replace (fl x + (x - fl x)) with x by ring. rewrite <- Rabs_Ropp. replace (- (x - fl x)) with (fl x - x) by ring.
  rewrite <- (Rplus_0_r (u * Rabs x)). apply (relative_to_u p). rewrite Rplus_0_r. now apply error_on_grid.
Qed.
End Dot2.
