(* SPDX-License-Identifier: Apache-2.0 *)
(** Stochastic rounding between the neighbours of x: up with probability (x - down) / (up - down). Unbiased; its variance is (x - down)(up - x), at most
    ulp^2/4; with N = 2^r equally likely offsets it is biased by less than ulp / N towards minus infinity. *)
From Fmtlab Require Import Numbers.

Section StochasticRounding.
Variable fexp : Z -> Z.
Context {Hv : Valid_exp fexp}.
Notation down := (round radix2 fexp Zfloor).
Notation up := (round radix2 fexp Zceil).

(** With unlimited random bits; 0 (in Coq 0/0 = 0) for a number of the format. *)
Definition probability x := (x - down x) / (up x - down x).
Definition mean x := (1 - probability x) * down x + probability x * up x.
Definition variance x := (1 - probability x) * (down x - x) ^ 2 + probability x * (up x - x) ^ 2.

Lemma neighbours x : ~ generic_format radix2 fexp x -> down x < x < up x /\ up x - down x = ulp radix2 fexp x.
Proof. intros H. generalize (round_DN_UP_lt radix2 fexp x H) (round_UP_DN_ulp radix2 fexp x H). lra. Qed.

(** E fl(x) = x. *)
Theorem stochastic_unbiased x : mean x = x.
Proof.
unfold mean, probability. destruct (generic_format_EM radix2 fexp x) as [H|H].
- rewrite !round_generic by (auto; typeclasses eauto). ring.
- destruct (neighbours x H) as [[H1 H2] _]. field. lra.
Qed.

(** E (fl(x) - x)^2 = (x - down)(up - x) <= ulp^2/4. *)
Theorem stochastic_variance x : variance x = (x - down x) * (up x - x) /\ variance x <= (ulp radix2 fexp x) ^ 2 / 4.
Proof.
destruct (generic_format_EM radix2 fexp x) as [H|H].
- unfold variance. rewrite !round_generic by (auto; typeclasses eauto). generalize (pow2_ge_0 (ulp radix2 fexp x)). split; nra.
- destruct (neighbours x H) as [[H1 H2] H3]. assert (V : variance x = (x - down x) * (up x - x)) by (unfold variance, probability; field; lra).
  rewrite V. split; [reflexivity|]. rewrite <- H3. generalize (pow2_ge_0 (up x + down x - 2 * x)). nra.
Qed.
End StochasticRounding.

(** f(0) + ... + f(n - 1). *)
Fixpoint sum_below (f : nat -> R) n := match n with O => 0 | S k => sum_below f k + f k end.

Lemma sum_below_ext f g n : (forall k, (k < n)%nat -> f k = g k) -> sum_below f n = sum_below g n.
Proof. induction n; intros H; simpl; [reflexivity|]. rewrite IHn, H by auto with arith. reflexivity. Qed.

Lemma sum_below_const a n : sum_below (fun _ => a) n = INR n * a.
Proof. induction n; [simpl; ring|]. rewrite S_INR. simpl. rewrite IHn. ring. Qed.

Lemma sum_below_app f a b : sum_below f (a + b) = sum_below f a + sum_below (fun k => f (a + k)%nat) b.
Proof. induction b; simpl; [rewrite Nat.add_0_r; ring|]. rewrite Nat.add_succ_r. simpl. rewrite IHb. ring. Qed.

(** Hermite's identity: floor(m) + floor(m + 1/N) + ... + floor(m + (N - 1)/N) = floor(N m). *)
Theorem hermite (N : nat) m : (0 < N)%nat -> sum_below (fun k => IZR (Zfloor (m + INR k / INR N))) N = IZR (Zfloor (INR N * m)).
Proof.
intros HN. set (n := INR N). assert (n1 : 1 <= n) by (apply (le_INR 1); lia).
set (a := Zfloor m). set (q := Zfloor (n * (m - IZR a))).
generalize (Zfloor_lb m) (Zfloor_ub m) (Zfloor_lb (n * (m - IZR a))) (Zfloor_ub (n * (m - IZR a))). fold a q. intros A1 A2 Q1 Q2.
assert (q0 : (0 <= q)%Z) by (apply Zfloor_lub; simpl; nra).
assert (qN : (q < Z.of_nat N)%Z) by (apply lt_IZR; rewrite <- INR_IZR_INZ; fold n; nra).
(* The first N - q offsets give a, the last q give a + 1. *)
set (b := Z.to_nat q). replace N with ((N - b) + b)%nat at 1 by (unfold b; lia). rewrite sum_below_app.
assert (Iq : INR b = IZR q) by (unfold b; rewrite INR_IZR_INZ, Z2Nat.id; auto).
assert (nN : forall k, INR k / n * n = INR k) by (intros; field; lra).
rewrite (sum_below_ext _ (fun _ => IZR a)), (sum_below_ext _ (fun _ => IZR a + 1) b).
- rewrite !sum_below_const, minus_INR by (unfold b; lia). fold n. rewrite Iq.
  replace (Zfloor (n * m)) with (Z.of_nat N * a + q)%Z.
  + rewrite plus_IZR, mult_IZR, <- INR_IZR_INZ. fold n. ring.
  + symmetry. apply Zfloor_imp. rewrite !plus_IZR, mult_IZR, <- INR_IZR_INZ. fold n. simpl. lra.
- intros k Hk. rewrite <- plus_IZR. f_equal. apply Zfloor_imp. rewrite !plus_IZR. simpl.
  assert (E : INR (N - b + k) = n - IZR q + INR k) by (rewrite plus_INR, minus_INR, Iq by (unfold b; lia); fold n; ring).
  assert (0 <= INR k) by apply pos_INR. assert (INR k + 1 <= IZR q) by (rewrite <- Iq, <- S_INR; apply le_INR; lia).
  generalize (nN (N - b + k)%nat). rewrite E. set (z := (n - IZR q + INR k) / n). split; nra.
- intros k Hk. f_equal. apply Zfloor_imp. rewrite plus_IZR. simpl. assert (0 <= INR k) by apply pos_INR.
  assert (INR k + 1 <= n - IZR q) by (rewrite <- Iq; unfold n; rewrite <- minus_INR, <- S_INR by (unfold b; lia); apply le_INR; unfold b in *; lia).
  generalize (nN k). set (z := INR k / n). split; nra.
Qed.

(** The mean over N offsets of the integer significand that m is rounded to is floor(N m) / N: biased by more than -1/N and at most 0. *)
Corollary stochastic_bits_bias (N : nat) m : (0 < N)%nat ->
  - / INR N < sum_below (fun k => IZR (Zfloor (m + INR k / INR N))) N / INR N - m <= 0.
Proof.
intros HN. rewrite hermite by exact HN. assert (1 <= INR N) by (apply (le_INR 1); lia).
generalize (Zfloor_lb (INR N * m)) (Zfloor_ub (INR N * m)). set (z := IZR _). intros L U.
assert (z / INR N * INR N = z) by (field; lra). assert (/ INR N * INR N = 1) by (field; lra). split; nra.
Qed.
