(* SPDX-License-Identifier: Apache-2.0 *)
(** Accumulators in levels: chunks summed in one format, their results in the next, and so on: 1 + B = (1 + a_1) ... (1 + a_k).
    Bound dot.hierarchy. *)
From Fmtlab Require Import Numbers Sums RoundingError RecursiveSum.

(** A term, or a result computed from several parts. *)
Inductive hierarchy := Term (x : R) | Sum (result : R) (parts : list hierarchy).

Definition value t := match t with Term x => x | Sum c _ => c end.

Fixpoint exact t := match t with Term x => x | Sum _ parts => sum (map exact parts) end.

(** The sum of the magnitudes of all terms. *)
Fixpoint A t := match t with Term x => Rabs x | Sum _ parts => sum (map A parts) end.

(** A level's factor a and underflow h: each of its sums is within a times the magnitudes of its parts' results, and h, of their exact sum. *)
Definition level := (R * R)%type.

Section All.
Variable P : hierarchy -> Prop.
Fixpoint all ts := match ts with [] => True | t :: r => P t /\ all r end.
End All.

(** From the last level to the first; all are there, or the hierarchy ends early in terms. *)
Fixpoint accurate (levels : list level) t := match t, levels with
  | Term _, _ => True
  | Sum c parts, (a, h) :: rest =>
      Rabs (c - sum (map value parts)) <= a * magnitude (map value parts) + h /\ all (accurate rest) parts
  | Sum _ _, [] => False
  end.

(** (1 + a_1) (1 + a_2) ... *)
Definition growth (levels : list level) := fold_right (fun l g => (1 + fst l) * g) 1 levels.

(** What underflow grows to: H <- H + a H + h, over all sums. *)
Fixpoint underflow (levels : list level) t := match t, levels with
  | Sum _ parts, (a, h) :: rest => (1 + a) * sum (map (underflow rest) parts) + h
  | _, _ => 0
  end.

Lemma growth_ge_1 levels : Forall (fun l => 0 <= fst l) levels -> 1 <= growth levels.
Proof. intros H. induction H as [|[a h] levels Ha _ IH]; simpl in *; [lra|]. nra. Qed.

(** Induction over hierarchies whose parts are lists. *)
Fixpoint hierarchy_induction (P : hierarchy -> Prop) (term : forall x, P (Term x)) (node : forall c parts, Forall P parts -> P (Sum c parts)) t : P t :=
  match t with
  | Term x => term x
  | Sum c parts => node c parts ((fix go ts : Forall P ts := match ts with
      | [] => Forall_nil P
      | t :: r => Forall_cons t (hierarchy_induction P term node t) (go r)
      end) parts)
  end.

Lemma A_pos t : 0 <= A t.
Proof.
induction t as [x|c parts IH] using hierarchy_induction; [apply Rabs_pos|].
simpl. induction IH; simpl; [lra|]. lra.
Qed.

Lemma abs_exact t : Rabs (exact t) <= A t.
Proof.
induction t as [x|c parts IH] using hierarchy_induction; [apply Rle_refl|].
simpl. induction IH as [|t parts Ht _ IH]; simpl; [rewrite Rabs_R0; lra|]. eapply Rle_trans; [apply Rabs_triang|lra].
Qed.

(** |computed - exact| <= (product of (1 + a_j) - 1) A + underflow, for any number of levels and any numbers of parts. *)
Theorem hierarchy_bound t : forall levels, Forall (fun l => 0 <= fst l /\ 0 <= snd l) levels -> accurate levels t ->
  Rabs (value t - exact t) <= (growth levels - 1) * A t + underflow levels t.
Proof.
induction t as [x|c parts IH] using hierarchy_induction; intros levels Hl.
- intros _. assert (G : 1 <= growth levels) by (apply growth_ge_1; exact (Forall_impl _ (fun l H => proj1 H) Hl)).
  replace (underflow levels (Term x)) with 0 by (now destruct levels). simpl value. simpl exact. simpl A.
  rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. generalize (Rabs_pos x). nra.
- destruct levels as [|[a h] rest]; [easy|]. intros [Hc Hp]. inversion_clear Hl as [|? ? [Ha Hh] Hr]. simpl in Ha, Hh.
  assert (P : Rabs (sum (map value parts) - sum (map exact parts)) <= (growth rest - 1) * sum (map A parts) + sum (map (underflow rest) parts)
    /\ magnitude (map value parts) <= growth rest * sum (map A parts) + sum (map (underflow rest) parts)).
  { clear Hc. induction IH as [|t parts Ht _ IH].
    - unfold magnitude. simpl. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. lra.
    - destruct Hp as [Hp1 Hp2]. destruct (IH Hp2) as [I1 I2]. specialize (Ht rest Hr Hp1).
      simpl map. rewrite !sum_cons, magnitude_cons. generalize (abs_exact t). intros E. split.
      + replace (value t + sum (map value parts) - (exact t + sum (map exact parts)))
          with ((value t - exact t) + (sum (map value parts) - sum (map exact parts))) by ring.
        eapply Rle_trans; [apply Rabs_triang|lra].
      + assert (Rabs (value t) <= Rabs (exact t) + Rabs (value t - exact t)) by by_signs. lra. }
  destruct P as [P1 P2]. simpl value. simpl exact. simpl A. simpl growth. simpl underflow.
  replace (c - sum (map exact parts)) with ((c - sum (map value parts)) + (sum (map value parts) - sum (map exact parts))) by ring.
  eapply Rle_trans; [apply Rabs_triang|].
  assert (a * magnitude (map value parts) <= a * (growth rest * sum (map A parts) + sum (map (underflow rest) parts)))
    by (apply Rmult_le_compat_l; assumption). lra.
Qed.

(** ** Products of FP8 numbers in chunks in fp16, whose results are summed in fp32 *)

Definition products (ab : list (R * R)) := map (fun c => fst c * snd c) ab.

(** Chunks of exact products, each from 0 in the first format, and their results from 0 in the second. *)
Definition chunked fl1 fl2 (chunks : list (list (R * R))) := recursive fl2 0 (map (fun ab => recursive fl1 0 (products ab)) chunks).

Theorem two_levels p1 e1 p2 e2 pa ea pb eb (H1 : Prec_gt_0 p1) (H2 : Prec_gt_0 p2) tie1 tie2 n chunks :
  (e1 <= ea + eb)%Z -> (e2 <= e1)%Z ->
  Forall (fun ab => (length ab <= n)%nat /\ Forall (fun c => format pa ea (fst c) /\ format pb eb (snd c)) ab) chunks ->
  Rabs (chunked (nearest tie1 p1 e1) (nearest tie2 p2 e2) chunks - sum (map (fun ab => sum (products ab)) chunks))
  <= ((1 + INR (length chunks) * u p2) * (1 + INR n * u p1) - 1) * sum (map (fun ab => magnitude (products ab)) chunks).
Proof.
intros He1 He2 H.
set (fl1 := nearest tie1 p1 e1). set (fl2 := nearest tie2 p2 e2).
set (t := Sum (chunked fl1 fl2 chunks) (map (fun ab => Sum (recursive fl1 0 (products ab)) (map Term (products ab))) chunks)).
set (levels := [(INR (length chunks) * u p2, 0); (INR n * u p1, 0)] : list level).
assert (N : Forall (fun l => 0 <= fst l /\ 0 <= snd l) levels).
{ unfold levels. repeat apply Forall_cons; [| |apply Forall_nil];
  (split; simpl; [apply Rmult_le_pos; [apply pos_INR|apply Rlt_le, u_pos]|apply Rle_refl]). }
assert (T : forall xs, map exact (map Term xs) = xs /\ map value (map Term xs) = xs /\ sum (map A (map Term xs)) = magnitude xs
  /\ sum (map (underflow []) (map Term xs)) = 0 /\ all (accurate []) (map Term xs)).
{ unfold magnitude. induction xs as [|x xs (I1 & I2 & I3 & I4 & I5)]; [simpl; auto|]. repeat split.
  - simpl. now rewrite I1.
  - simpl. now rewrite I2.
  - simpl. now rewrite I3.
  - change (0 + sum (map (underflow []) (map Term xs)) = 0). rewrite I4. ring.
  - exact I5. }
assert (C : accurate levels t).
{ simpl. split.
  - rewrite !map_map, Rplus_0_r. simpl. unfold chunked. fold fl1 fl2.
    replace (length chunks) with (length (map (fun ab => recursive fl1 0 (products ab)) chunks)) by apply map_length.
    apply recursive_sum_nu_grid; [exact H2|]. intros x Hx. apply in_map_iff in Hx. destruct Hx as (ab & <- & _).
    apply (grid_finer e1); [exact He2|]. apply (format_on_grid p1). apply recursive_format; try typeclasses eauto. apply generic_format_0.
  - clear t levels N. induction H as [|ab chunks [Hn Hf] _ IH]; simpl; [exact I|]. split; [|exact IH].
    destruct (T (products ab)) as (T1 & T2 & T3 & T4 & T5). rewrite T2, Rplus_0_r. split; [|exact T5].
    eapply Rle_trans; [apply recursive_sum_nu_grid; [exact H1|]|].
    + intros x Hx. apply in_map_iff in Hx. destruct Hx as ([a b] & <- & Hx). rewrite Forall_forall in Hf. destruct (Hf _ Hx) as [Fa Fb].
      apply (grid_mult ea eb); [exact He1|now apply (format_on_grid pa)|now apply (format_on_grid pb)].
    + apply Rmult_le_compat_r; [apply magnitude_pos|]. apply Rmult_le_compat_r; [apply Rlt_le, u_pos|].
      apply le_INR. unfold products. now rewrite map_length. }
assert (E1 : exact t = sum (map (fun ab => sum (products ab)) chunks)).
{ simpl. rewrite map_map. f_equal. apply map_ext. intros ab. simpl. now destruct (T (products ab)) as (-> & _). }
assert (E2 : A t = sum (map (fun ab => magnitude (products ab)) chunks)).
{ simpl. rewrite map_map. f_equal. apply map_ext. intros ab. simpl. now destruct (T (products ab)) as (_ & _ & -> & _). }
assert (E3 : forall l, sum (map (underflow [(INR n * u p1, 0)]) (map (fun ab => Sum (recursive fl1 0 (products ab)) (map Term (products ab))) l)) = 0).
{ clear -T. induction l as [|ab l IH]; [reflexivity|]. rewrite !map_cons, sum_cons, IH.
  change (underflow [(INR n * u p1, 0)] (Sum (recursive fl1 0 (products ab)) (map Term (products ab))))
    with ((1 + INR n * u p1) * sum (map (underflow []) (map Term (products ab))) + 0).
  destruct (T (products ab)) as (_ & _ & _ & -> & _). ring. }
assert (E4 : underflow levels t = 0).
{ transitivity ((1 + INR (length chunks) * u p2) * 0 + 0); [|ring]. rewrite <- (E3 chunks) at 1. reflexivity. }
generalize (hierarchy_bound t levels N C). rewrite E1, E2, E4. unfold levels, growth. simpl. rewrite Rmult_1_r, Rplus_0_r. trivial.
Qed.

(** e4m3 (p = 4, emin = -9; inputs within any range) in chunks of 32 in fp16 (11, -24), summed in fp32 (24, -149):
    |computed - exact| <= ((1 + m 2^-24) (1 + 32 2^-11) - 1) A for m chunks. *)
Corollary fp8_fp16_fp32 tie1 tie2 chunks :
  Forall (fun ab => (length ab <= 32)%nat /\ Forall (fun c => format 4 (-9) (fst c) /\ format 4 (-9) (snd c)) ab) chunks ->
  Rabs (chunked (nearest tie1 11 (-24)) (nearest tie2 24 (-149)) chunks - sum (map (fun ab => sum (products ab)) chunks))
  <= ((1 + INR (length chunks) * u 24) * (1 + INR 32 * u 11) - 1) * sum (map (fun ab => magnitude (products ab)) chunks).
Proof. apply (two_levels 11 (-24) 24 (-149) 4 (-9) 4 (-9)); easy. Qed.
