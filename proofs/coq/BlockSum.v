(* SPDX-License-Identifier: Apache-2.0 *)
(** Matrix units: the addends of a step are aligned to the largest, cut, added exactly, and the sum is rounded once:
    |computed - exact| <= ((1 + w)^q - 1) A + q H (1 + w)^q in q steps, 1 + w = (1 + r)(1 + m 2^-f). Bound dot.block; block-sums.md. *)
From Fmtlab Require Import Numbers Sums FixedPoint.

(** ** Cutting *)

(** Addends ys are cut to multiples of 2^e in any mode, addends zs are such: the sum changes by at most 2^e for each of ys. *)
Theorem cut_sum rnd (Hr : Valid_rnd rnd) e ys zs : (forall z, In z zs -> grid e z) ->
  Rabs (sum (map (fixed rnd e) (ys ++ zs)) - sum (ys ++ zs)) <= INR (length ys) * bpow radix2 e.
Proof.
intros G. rewrite map_app, !sum_app. assert (Z0 : map (fixed rnd e) zs = zs).
{ rewrite <- (map_id zs) at 2. apply map_ext_in. intros z Hz. apply round_generic; [exact Hr|now apply G]. }
rewrite Z0. replace (sum (map (fixed rnd e) ys) + sum zs - (sum ys + sum zs)) with (sum (map (fixed rnd e) ys) - sum ys) by ring.
induction ys as [|y ys IH]; [simpl; rewrite Rminus_diag_eq, Rabs_R0 by reflexivity; lra|].
simpl map. rewrite !sum_cons. change (length (y :: ys)) with (S (length ys)). rewrite S_INR.
replace (fixed rnd e y + sum (map (fixed rnd e) ys) - (y + sum ys)) with ((fixed rnd e y - y) + (sum (map (fixed rnd e) ys) - sum ys)) by ring.
generalize (fixed_error e rnd Hr y). intros. eapply Rle_trans; [apply Rabs_triang|lra].
Qed.

(** ** Steps *)

Section Steps.
(** The sum t of the cut addends is rounded: |fl(t) - t| <= r |t| + h. *)
Variables (fl : R -> R) (r h : R).
Hypothesis r0 : 0 <= r.
Hypothesis h0 : 0 <= h.
Hypothesis rounded : forall t, Rabs (fl t - t) <= r * Rabs t + h.
(** At most m addends are cut, each by c times 2^E at most, c = 2^-f, and 2^E is at most the largest addend, or F. *)
Variables (m c F : R).
Hypothesis m0 : 0 <= m.
Hypothesis c0 : 0 <= c.
Hypothesis F0 : 0 <= F.

(** A step from s with terms ps to s'. *)
Definition block_step s ps s' := exists t power, s' = fl t /\ Rabs (t - (s + sum ps)) <= m * (c * power)
  /\ (power <= Rabs s + magnitude ps \/ power <= F).

Definition w := (1 + r) * (1 + m * c) - 1.
Definition H := h + (1 + r) * (m * c * F).

Lemma w_pos : 0 <= w.
Proof. unfold w. assert (0 <= m * c) by (apply Rmult_le_pos; assumption). assert (0 <= r * (m * c)) by (apply Rmult_le_pos; assumption). lra. Qed.

Lemma H_pos : 0 <= H.
Proof.
unfold H. assert (0 <= m * c * F) by (apply Rmult_le_pos; [apply Rmult_le_pos|]; assumption).
assert (0 <= (1 + r) * (m * c * F)) by (apply Rmult_le_pos; lra). lra.
Qed.

Theorem block_step_error s ps s' : block_step s ps s' -> Rabs (s' - (s + sum ps)) <= w * (Rabs s + magnitude ps) + H.
Proof.
intros (t & power & -> & Ht & Hp). set (e := Rabs (t - (s + sum ps))) in *. set (a := Rabs s + magnitude ps).
assert (a0 : 0 <= a) by (unfold a; generalize (Rabs_pos s) (magnitude_pos ps); lra).
assert (mc : 0 <= m * c) by (apply Rmult_le_pos; assumption).
assert (He : e <= m * c * a + m * c * F).
{ apply Rle_trans with (1 := Ht). rewrite <- Rmult_assoc. assert (0 <= m * c * a) by (apply Rmult_le_pos; assumption).
  assert (0 <= m * c * F) by (apply Rmult_le_pos; assumption).
  destruct Hp as [Hp|Hp]; [assert (m * c * power <= m * c * a) by (apply Rmult_le_compat_l; assumption)|
    assert (m * c * power <= m * c * F) by (apply Rmult_le_compat_l; assumption)]; lra. }
assert (Hx : Rabs (s + sum ps) <= a).
{ eapply Rle_trans; [apply Rabs_triang|]. unfold a. generalize (abs_sum ps). lra. }
assert (Hta : Rabs t <= a + e) by (unfold e; by_signs).
assert (r * Rabs t <= r * (a + e)) by (apply Rmult_le_compat_l; assumption).
assert (Rabs (fl t - (s + sum ps)) <= Rabs (fl t - t) + e) by (unfold e; by_signs).
generalize (rounded t). assert ((1 + r) * e <= (1 + r) * (m * c * a + m * c * F)) by (apply Rmult_le_compat_l; lra). unfold w, H. lra.
Qed.

(** Steps with the terms of each block from s. *)
Inductive steps : R -> list (list R) -> R -> Prop :=
| no_step s : steps s [] s
| one_step s ps s' blocks s'' : block_step s ps s' -> steps s' blocks s'' -> steps s (ps :: blocks) s''.

Lemma block_sum_from blocks : forall s s'' e A, steps s blocks s'' -> 0 <= A -> Rabs e <= A ->
  Rabs (s'' - (e + sum (concat blocks))) + (A + magnitude (concat blocks))
    <= (1 + w) ^ length blocks * (Rabs (s - e) + A + magnitude (concat blocks) + INR (length blocks) * H).
Proof.
assert (w0 := w_pos). assert (H0 := H_pos).
induction blocks as [|ps blocks IH]; intros s s'' e A Hs HA He; inversion Hs as [|? ? s' ? ? Hstep Hrest]; subst.
{ simpl. unfold magnitude. simpl. rewrite !Rplus_0_r. lra. }
specialize (IH s' s'' (e + sum ps) (A + magnitude ps) Hrest). simpl concat. rewrite sum_app, magnitude_app.
change (length (ps :: blocks)) with (S (length blocks)). rewrite S_INR.
assert (M0 := magnitude_pos ps). assert (MB := magnitude_pos (concat blocks)). assert (N0 := pos_INR (length blocks)).
assert (E1 : Rabs (s' - (e + sum ps)) <= (1 + w) * Rabs (s - e) + w * (A + magnitude ps) + H).
{ generalize (block_step_error s ps s' Hstep). assert (Rabs s <= A + Rabs (s - e)) by by_signs. intros B.
  assert (w * (Rabs s + magnitude ps) <= w * (A + Rabs (s - e) + magnitude ps)) by (apply Rmult_le_compat_l; lra).
  replace (s' - (e + sum ps)) with ((s' - (s + sum ps)) + (s - e)) by ring. eapply Rle_trans; [apply Rabs_triang|lra]. }
assert (E2 : Rabs (e + sum ps) <= A + magnitude ps).
{ eapply Rle_trans; [apply Rabs_triang|]. generalize (abs_sum ps). lra. }
specialize (IH ltac:(lra) E2). rewrite Rplus_assoc in IH. rewrite <- !Rplus_assoc in IH. rewrite <- !Rplus_assoc.
apply Rle_trans with (1 := IH). rewrite <- (tech_pow_Rmult (1 + w)), (Rmult_comm (1 + w)), Rmult_assoc.
apply Rmult_le_compat_l; [apply pow_le; lra|].
assert (0 <= w * magnitude (concat blocks)) by (apply Rmult_le_pos; assumption).
assert (0 <= INR (length blocks) * H) by (apply Rmult_le_pos; assumption). assert (0 <= w * (INR (length blocks) * H)) by (apply Rmult_le_pos; assumption).
assert (0 <= w * H) by (apply Rmult_le_pos; assumption). lra.
Qed.

(** |computed - exact| <= ((1 + w)^q - 1) A + q H (1 + w)^q after q steps from 0. *)
Theorem block_sum blocks s : steps 0 blocks s ->
  Rabs (s - sum (concat blocks)) <= ((1 + w) ^ length blocks - 1) * magnitude (concat blocks) + INR (length blocks) * H * (1 + w) ^ length blocks.
Proof.
intros Hs. assert (B := block_sum_from blocks 0 s 0 0 Hs (Rle_refl 0)). rewrite Rabs_R0, Rminus_0_r, Rabs_R0, !Rplus_0_l in B.
specialize (B (Rle_refl 0)). lra.
Qed.
End Steps.
