(* SPDX-License-Identifier: Apache-2.0 *)
(** Errors compound along the paths of a summation tree: bounds dot.power and dot.gamma. *)
From Fmtlab Require Import Numbers Sums SumTree.

(** What the terms' magnitudes and the underflow of each addition can grow to at the root. *)
Fixpoint growth t := match t with
  | Leaf x => Rabs x
  | Node a l r => (1 + relative a) * (growth l + growth r) + absolute a
  end.

(** |computed - exact| <= sum over terms of (product over the path of (1 + v) - 1) |x_i|, and the underflow of each addition times the
    factors above it. *)
Theorem compounding t : standard t -> Rabs (computed t) <= growth t /\ Rabs (computed t - exact t) <= growth t - A t.
Proof.
induction t as [x|a l IHl r IHr].
- intros _. simpl. rewrite Rminus_diag_eq, Rabs_R0 by reflexivity. lra.
- intros (Hv & Hh & He & Hl & Hr). destruct (IHl Hl) as [L1 L2], (IHr Hr) as [R1 R2].
  generalize (error_node a l r). simpl. unfold local in *. intros E.
  assert (Rabs (computed l + computed r) <= growth l + growth r) by (eapply Rle_trans; [apply Rabs_triang|lra]).
  assert (relative a * Rabs (computed l + computed r) <= relative a * (growth l + growth r)) by (apply Rmult_le_compat_l; lra).
  split; [|lra].
  set (t := computed l + computed r) in *. set (c := fl a t) in *. assert (Rabs c <= Rabs (c - t) + Rabs t) by by_signs. lra.
Qed.

(** In one arithmetic, |fl(t) - t| <= v |t| + h: computed errs by at most ((1 + v)^k - 1) A + (1 + v)^k N h, k the longest path and N the number
    of additions. Of n terms in sequence k = N = n - 1, in pairs k = log2 n. *)
Lemma growth_uniform v h t : 0 <= v -> 0 <= h -> uniform v h t -> growth t <= (1 + v) ^ depth t * (A t + INR (nodes t) * h).
Proof.
intros Hv Hh. induction t as [x|a l IHl r IHr]; intros H; [simpl; lra|]. destruct H as (<- & <- & Hl & Hr).
specialize (IHl Hl). specialize (IHr Hr). simpl growth. simpl A. simpl depth. simpl nodes. rewrite S_INR, plus_INR.
set (q := 1 + relative a) in *.
assert (P : forall i j, (i <= j)%nat -> 1 <= q ^ i <= q ^ j).
{ intros i j Hij. split; [apply pow_R1_Rle; unfold q; lra|apply Rle_pow; [unfold q; lra|exact Hij]]. }
assert (B : forall k s, (k <= max (depth l) (depth r))%nat -> 0 <= s -> q ^ k * s <= q ^ max (depth l) (depth r) * s).
{ intros k s Hk Hs. apply Rmult_le_compat_r; [exact Hs|]. now apply P. }
assert (Nl : 0 <= INR (nodes l) * absolute a) by (apply Rmult_le_pos; [apply pos_INR|exact Hh]).
assert (Nr : 0 <= INR (nodes r) * absolute a) by (apply Rmult_le_pos; [apply pos_INR|exact Hh]).
generalize (A_pos l) (A_pos r). intros.
generalize (B (depth l) (A l + INR (nodes l) * absolute a) (Nat.le_max_l _ _) ltac:(lra)).
generalize (B (depth r) (A r + INR (nodes r) * absolute a) (Nat.le_max_r _ _) ltac:(lra)). intros Br Bl.
set (m := max (depth l) (depth r)) in *. simpl pow.
assert (1 <= q ^ m) by (apply (P 0%nat m); lia). assert (1 <= q) by (unfold q; lra).
assert (q * (growth l + growth r) <= q * (q ^ m * (A l + INR (nodes l) * absolute a + (A r + INR (nodes r) * absolute a))))
  by (apply Rmult_le_compat_l; lra).
assert (absolute a <= q * q ^ m * absolute a).
{ rewrite <- (Rmult_1_l (absolute a)) at 1. apply Rmult_le_compat_r; [exact Hh|]. nra. }
nra.
Qed.

Corollary compounding_uniform v h t : 0 <= v -> 0 <= h -> uniform v h t -> standard t ->
  Rabs (computed t - exact t) <= ((1 + v) ^ depth t - 1) * A t + (1 + v) ^ depth t * (INR (nodes t) * h).
Proof.
intros Hv Hh Hu Hs. generalize (growth_uniform v h t Hv Hh Hu) (proj2 (compounding t Hs)). lra.
Qed.

(** (1 + v)^k - 1 <= k v / (1 - k v) for k v < 1. *)
Theorem power_le_gamma v k : 0 <= v -> INR k * v < 1 -> (1 + v) ^ k - 1 <= INR k * v / (1 - INR k * v).
Proof.
intros Hv Hk. assert (0 <= INR k) by apply pos_INR.
assert (G : forall m, (m <= k)%nat -> (1 + v) ^ m * (1 - INR m * v) <= 1).
{ induction m as [|m IH]; intros Hm; [simpl; lra|]. specialize (IH ltac:(lia)). rewrite S_INR. simpl pow.
  assert (INR m + 1 <= INR k) by (rewrite <- S_INR; apply le_INR; lia). generalize (pos_INR m). intros.
  assert (0 <= (1 + v) ^ m) by (apply pow_le; lra).
  assert ((1 + v) * (1 - (INR m + 1) * v) <= 1 - INR m * v) by nra. nra. }
specialize (G k (le_n k)). apply Rmult_le_reg_r with (1 - INR k * v); [lra|].
unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra.
Qed.
