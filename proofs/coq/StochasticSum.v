(* SPDX-License-Identifier: Apache-2.0 *)
(** Sums in any order with stochastic rounding, all random choices independent: unbiased, and two bounds that fail with small probability.
    Bounds dot.chebyshev and dot.azuma. *)
From Fmtlab Require Import Numbers Sums RoundingError StochasticRounding Hoeffding.

(** An order of summation. *)
Inductive tree := Leaf (x : R) | Node (l r : tree).

Fixpoint exact t := match t with Leaf x => x | Node l r => exact l + exact r end.
Fixpoint A t := match t with Leaf x => Rabs x | Node l r => A l + A r end.
Fixpoint depth t := match t with Leaf _ => 0%nat | Node l r => S (max (depth l) (depth r)) end.
Fixpoint terms_on_grid e t := match t with Leaf x => grid e x | Node l r => terms_on_grid e l /\ terms_on_grid e r end.

Section StochasticSum.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Notation fexp := (FLT_exp emin p).
Notation down := (round radix2 fexp Zfloor).
Notation up := (round radix2 fexp Zceil).
Notation u := (u p).

(** The mean of f over the two values that x may be rounded to, and over all that a sum may come to. *)
Definition rounded x (f : R -> R) := (1 - probability fexp x) * f (down x) + probability fexp x * f (up x).
Fixpoint E t (f : R -> R) := match t with Leaf x => f x | Node l r => E l (fun a => E r (fun b => rounded (a + b) f)) end.

(** The values that a sum may come to. *)
Fixpoint possible t y := match t with
  | Leaf x => y = x
  | Node l r => exists a b, possible l a /\ possible r b /\ (y = down (a + b) \/ y = up (a + b))
  end.

Lemma probability_range x : 0 <= probability fexp x <= 1.
Proof.
unfold probability. destruct (generic_format_EM radix2 fexp x) as [H|H].
- rewrite !round_generic by (auto; typeclasses eauto). unfold Rdiv. rewrite Rminus_diag_eq by reflexivity. lra.
- destruct (neighbours fexp x H) as ((H1 & H2) & _). split.
  + apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra].
  + apply Rmult_le_reg_r with (up x - down x); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

(** A mean is linear, does not shrink what is nowhere smaller, and is that of constants. *)
Lemma rounded_le x f g : f (down x) <= g (down x) -> f (up x) <= g (up x) -> rounded x f <= rounded x g.
Proof. intros H1 H2. destruct (probability_range x). unfold rounded. apply Rplus_le_compat; apply Rmult_le_compat_l; lra. Qed.

Lemma E_le t : forall f g, (forall y, possible t y -> f y <= g y) -> E t f <= E t g.
Proof.
induction t as [x|l IHl r IHr]; intros f g H; [now apply H|]. simpl. apply IHl. intros a Ha. apply IHr. intros b Hb.
apply rounded_le; apply H; exists a, b; auto.
Qed.

Lemma E_ext t f g : (forall y, f y = g y) -> E t f = E t g.
Proof. intros H. apply Rle_antisym; apply E_le; intros y _; rewrite H; lra. Qed.

Lemma E_plus t : forall f g, E t (fun y => f y + g y) = E t f + E t g.
Proof.
induction t as [x|l IHl r IHr]; intros f g; [reflexivity|]. simpl. rewrite <- IHl. apply E_ext. intros a. rewrite <- IHr. apply E_ext. intros b. unfold rounded. ring.
Qed.

Lemma E_times t c : forall f, E t (fun y => c * f y) = c * E t f.
Proof.
induction t as [x|l IHl r IHr]; intros f; [reflexivity|]. simpl. rewrite <- IHl. apply E_ext. intros a. rewrite <- IHr. apply E_ext. intros b. unfold rounded. ring.
Qed.

Lemma E_constant t c : E t (fun _ => c) = c.
Proof.
induction t as [x|l IHl r IHr]; [reflexivity|]. simpl. transitivity (E l (fun _ => c)); [|exact IHl]. apply E_ext. intros a.
transitivity (E r (fun _ => c)); [|exact IHr]. apply E_ext. intros b. unfold rounded. ring.
Qed.

(** E of the sum is the exact sum. *)
Theorem stochastic_sum_unbiased t : E t (fun y => y) = exact t.
Proof.
induction t as [x|l IHl r IHr]; [reflexivity|]. simpl. rewrite <- IHl, <- IHr.
rewrite (E_ext l _ (fun a => a + E r (fun b => b))); [rewrite E_plus, E_constant; reflexivity|]. intros a.
rewrite (E_ext r _ (fun b => a + b)); [rewrite E_plus, E_constant; reflexivity|]. intros b. exact (stochastic_unbiased fexp (a + b)).
Qed.

Corollary mean_error t : E t (fun y => y - exact t) = 0.
Proof. unfold Rminus. rewrite E_plus, E_constant, stochastic_sum_unbiased. ring. Qed.

(** Nothing underflows where the terms are multiples of 2^emin. *)
Lemma possible_on_grid t : terms_on_grid emin t -> forall y, possible t y -> grid emin y.
Proof.
induction t as [x|l IHl r IHr]; simpl; intros G y H; [now rewrite H|]. destruct H as (a & b & _ & _ & [-> | ->]);
  apply (format_on_grid p), generic_format_round; typeclasses eauto.
Qed.

Lemma gap_on_grid x : grid emin x -> up x - down x <= 2 * u * Rabs x.
Proof.
intros G. destruct (generic_format_EM radix2 fexp x) as [H|H].
- rewrite !round_generic by (auto; typeclasses eauto). rewrite Rminus_diag_eq by reflexivity. apply Rmult_le_pos; [generalize (u_pos p); lra|apply Rabs_pos].
- destruct (neighbours fexp x H) as (_ & ->). apply Rle_trans with (Rabs x * bpow radix2 (1 - p)).
  + apply ulp_FLT_le. apply Rnot_lt_le. intros N. apply H, generic_format_FLT_FIX; auto. apply Rlt_le. apply Rlt_le_trans with (1 := N), bpow_le. lia.
  + rewrite u_is_half_power. right. field.
Qed.

(** A rounding's own mean square error. *)
Lemma square_error x : grid emin x -> rounded x (fun y => (y - x) ^ 2) <= u ^ 2 * x ^ 2.
Proof.
intros G. assert (V := stochastic_variance fexp x). change (rounded x (fun y => (y - x) ^ 2)) with (variance fexp x).
destruct (generic_format_EM radix2 fexp x) as [H|H].
- rewrite (proj1 V), !round_generic by (auto; typeclasses eauto). assert (0 <= u ^ 2 * x ^ 2) by (apply Rmult_le_pos; apply pow2_ge_0). lra.
- apply Rle_trans with (1 := proj2 V). destruct (neighbours fexp x H) as ((H1 & H2) & <-). assert (D := gap_on_grid x G).
  rewrite <- (pow2_abs x). assert ((up x - down x) ^ 2 <= (2 * u * Rabs x) ^ 2) by (apply pow_incr; lra). lra.
Qed.

(** Mean square error: ((1 + u^2)^k - 1) A^2 for k roundings in sequence at most. *)
Theorem mean_square_error t : terms_on_grid emin t -> E t (fun y => (y - exact t) ^ 2) <= ((1 + u ^ 2) ^ depth t - 1) * A t ^ 2.
Proof.
induction t as [x|l IHl r IHr]; intros G; [simpl; lra|]. destruct G as (Gl & Gr). specialize (IHl Gl). specialize (IHr Gr).
set (v := u ^ 2) in *. assert (v0 : 0 <= v) by apply pow2_ge_0. set (s := exact l) in *. set (s' := exact r) in *.
(* Of one rounding, given a and b. *)
assert (Q : E (Node l r) (fun y => (y - exact (Node l r)) ^ 2) <=
  E l (fun a => E r (fun b => (1 + v) * (a - s) ^ 2 + (1 + v) * (b - s') ^ 2 + v * (s + s') ^ 2 + (a - s) * (2 * (1 + v) * (b - s')) + 2 * v * (s + s') * ((a - s) + (b - s'))))).
{ change (E (Node l r) (fun y => (y - exact (Node l r)) ^ 2)) with (E l (fun a => E r (fun b => rounded (a + b) (fun y => (y - exact (Node l r)) ^ 2)))).
  apply E_le. intros a Ha. apply E_le. intros b Hb.
  assert (Gt : grid emin (a + b)) by exact (grid_plus _ _ _ (possible_on_grid l Gl a Ha) (possible_on_grid r Gr b Hb)). assert (S := square_error _ Gt). fold v in S.
  assert (U := stochastic_unbiased fexp (a + b)). unfold mean in U. unfold rounded in *. change (exact (Node l r)) with (s + s') in *.
  set (q := probability fexp (a + b)) in *. set (d := down (a + b)) in *. set (w := up (a + b)) in *.
  replace ((1 - q) * (d - (s + s')) ^ 2 + q * (w - (s + s')) ^ 2) with
    ((1 - q) * (d - (a + b)) ^ 2 + q * (w - (a + b)) ^ 2 + 2 * (a + b - (s + s')) * ((1 - q) * d + q * w - (a + b)) + (a + b - (s + s')) ^ 2) by ring.
  rewrite U. replace (a + b - (a + b)) with 0 by ring. nra. }
apply Rle_trans with (1 := Q). clear Q.
assert (I : E l (fun a => E r (fun b => (1 + v) * (a - s) ^ 2 + (1 + v) * (b - s') ^ 2 + v * (s + s') ^ 2 + (a - s) * (2 * (1 + v) * (b - s')) + 2 * v * (s + s') * ((a - s) + (b - s'))))
  = (1 + v) * E l (fun a => (a - s) ^ 2) + (1 + v) * E r (fun b => (b - s') ^ 2) + v * (s + s') ^ 2).
{ assert (M : E l (fun a => a - s) = 0) by apply mean_error. assert (M' : E r (fun b => b - s') = 0) by apply mean_error.
  rewrite (E_ext l _ (fun a => (1 + v) * (a - s) ^ 2 + ((1 + v) * E r (fun b => (b - s') ^ 2) + v * (s + s') ^ 2 + 2 * v * (s + s') * (a - s)))).
  - rewrite E_plus, E_times, E_plus, E_constant, E_times, M. ring.
  - intros a. rewrite (E_ext r _ (fun b => (1 + v) * (b - s') ^ 2 + (((1 + v) * (a - s) ^ 2 + v * (s + s') ^ 2 + 2 * v * (s + s') * (a - s)) +
      ((a - s) * (2 * (1 + v)) + 2 * v * (s + s')) * (b - s')))) by (intros b; ring).
    rewrite E_plus, E_times, E_plus, E_constant, E_times, M'. ring. }
rewrite I. clear I. simpl A. simpl depth. set (m := max (depth l) (depth r)).
assert (P : forall i, (i <= m)%nat -> (1 + v) ^ i <= (1 + v) ^ m) by (intros i Hi; apply Rle_pow; [lra|exact Hi]).
assert (Pl := P _ (Nat.le_max_l (depth l) (depth r))). assert (Pr := P _ (Nat.le_max_r (depth l) (depth r))).
assert (al := pow2_ge_0 (A l)). assert (ar := pow2_ge_0 (A r)).
assert (Pos : forall t, 0 <= A t) by (intros t; induction t; simpl; [apply Rabs_pos|lra]). assert (Abs : forall t, Rabs (exact t) <= A t).
{ intros t. induction t; simpl; [lra|]. eapply Rle_trans; [apply Rabs_triang|lra]. }
assert (Il : E l (fun a => (a - s) ^ 2) <= ((1 + v) ^ m - 1) * A l ^ 2) by (apply Rle_trans with (1 := IHl), Rmult_le_compat_r; lra).
assert (Ir : E r (fun b => (b - s') ^ 2) <= ((1 + v) ^ m - 1) * A r ^ 2) by (apply Rle_trans with (1 := IHr), Rmult_le_compat_r; lra).
assert (B : (s + s') ^ 2 <= (A l + A r) ^ 2).
{ rewrite <- (pow2_abs (s + s')). apply pow_incr. split; [apply Rabs_pos|]. eapply Rle_trans; [apply Rabs_triang|]. generalize (Abs l) (Abs r). fold s s'. lra. }
set (q := (1 + v) ^ m) in *. assert (q1 : 1 <= q) by (apply pow_R1_Rle; lra). change ((1 + v) ^ S m) with ((1 + v) * q).
assert (C : A l ^ 2 + A r ^ 2 <= (A l + A r) ^ 2) by (assert (0 <= A l * A r) by (apply Rmult_le_pos; apply Pos); lra).
assert (D1 : (1 + v) * E l (fun a => (a - s) ^ 2) <= (1 + v) * ((q - 1) * A l ^ 2)) by (apply Rmult_le_compat_l; lra).
assert (D2 : (1 + v) * E r (fun b => (b - s') ^ 2) <= (1 + v) * ((q - 1) * A r ^ 2)) by (apply Rmult_le_compat_l; lra).
assert (D3 : v * (s + s') ^ 2 <= v * (A l + A r) ^ 2) by (apply Rmult_le_compat_l; lra).
assert (D4 : (1 + v) * (q - 1) * (A l ^ 2 + A r ^ 2) <= (1 + v) * (q - 1) * (A l + A r) ^ 2) by (apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|exact C]). lra.
Qed.

(** The probability of an error of c or more. *)
Definition tail t c := E t (fun y => if Rle_dec c (Rabs (y - exact t)) then 1 else 0).

(** At most zeta, if ((1 + u^2)^k - 1) A^2 <= zeta c^2. *)
Theorem chebyshev t c zeta : terms_on_grid emin t -> 0 < c -> ((1 + u ^ 2) ^ depth t - 1) * A t ^ 2 <= zeta * c ^ 2 -> tail t c <= zeta.
Proof.
intros G Hc H. assert (c2 : 0 < c ^ 2) by now apply pow_lt. apply Rmult_le_reg_r with (c ^ 2); [exact c2|].
apply Rle_trans with (2 := H), Rle_trans with (2 := mean_square_error t G). unfold tail. rewrite Rmult_comm, <- E_times. apply E_le. intros y _.
destruct (Rle_dec c (Rabs (y - exact t))) as [I|I]; [|rewrite Rmult_0_r; apply pow2_ge_0].
rewrite Rmult_1_r, <- (pow2_abs (y - exact t)). apply pow_incr. lra.
Qed.

(** No value that a sum may come to exceeds (1 + 2 u)^k A. *)
Lemma possible_size t : terms_on_grid emin t -> forall y, possible t y -> Rabs y <= (1 + 2 * u) ^ depth t * A t.
Proof.
induction t as [x|l IHl r IHr]; intros G y H; [simpl in *; rewrite H; lra|]. destruct G as (Gl & Gr), H as (a & b & Ha & Hb & Hy).
specialize (IHl Gl a Ha). specialize (IHr Gr b Hb). assert (u0 := u_pos p). set (q := 1 + 2 * u) in *. simpl. set (m := max (depth l) (depth r)).
assert (Pos : forall t, 0 <= A t) by (intros t; induction t; simpl; [apply Rabs_pos|lra]).
assert (P : forall i s, (i <= m)%nat -> 0 <= s -> q ^ i * s <= q ^ m * s) by (intros i s Hi Hs; apply Rmult_le_compat_r; [exact Hs|apply Rle_pow; [unfold q; lra|exact Hi]]).
assert (S : Rabs (a + b) <= q ^ m * (A l + A r)).
{ generalize (P _ _ (Nat.le_max_l (depth l) (depth r)) (Pos l)) (P _ _ (Nat.le_max_r (depth l) (depth r)) (Pos r)) (Rabs_triang a b). lra. }
assert (Gt : grid emin (a + b)) by exact (grid_plus _ _ _ (possible_on_grid l Gl a Ha) (possible_on_grid r Gr b Hb)).
assert (D : Rabs (y - (a + b)) <= 2 * u * Rabs (a + b)) by (destruct Hy as [-> | ->]; now apply directed_error_on_grid; try typeclasses eauto).
assert (T := Rabs_triang (a + b) (y - (a + b))). replace (a + b + (y - (a + b))) with y in T by ring.
assert (q * Rabs (a + b) <= q * (q ^ m * (A l + A r))) by (apply Rmult_le_compat_l; [unfold q; lra|exact S]). unfold q in *. lra.
Qed.

(** 1 + (1 + 2 u)^2 + (1 + 2 u)^4 + ... with k terms. *)
Fixpoint growth k := match k with O => 0 | S j => growth j + (1 + 2 * u) ^ (2 * j) end.

Lemma growth_closed k : growth k * (4 * u * (1 + u)) = (1 + 2 * u) ^ (2 * k) - 1.
Proof.
induction k; [simpl; ring|]. change (growth (S k)) with (growth k + (1 + 2 * u) ^ (2 * k)). rewrite Rmult_plus_distr_r, IHk.
replace (2 * S k)%nat with (2 + 2 * k)%nat by lia. rewrite pow_add. ring.
Qed.

Lemma growth_le i j : (i <= j)%nat -> 0 <= growth i <= growth j.
Proof.
assert (P : forall k, 0 <= (1 + 2 * u) ^ k) by (intros k; apply pow_le; generalize (u_pos p); lra).
assert (Q : forall k, 0 <= growth k).
{ induction k; [apply Rle_refl|]. change (growth (S k)) with (growth k + (1 + 2 * u) ^ (2 * k)). generalize (P (2 * k)%nat). lra. }
intros H. split; [apply Q|]. induction H as [|j H I]; [lra|]. change (growth (S j)) with (growth j + (1 + 2 * u) ^ (2 * j)). generalize (P (2 * j)%nat). lra.
Qed.

Lemma E_product l r F G : E l (fun a => E r (fun b => F a * G b)) = E l F * E r G.
Proof. rewrite (E_ext l _ (fun a => E r G * F a)); [rewrite E_times; ring|]. intros a. rewrite E_times. ring. Qed.

Lemma rounding_moment lam x : grid emin x -> rounded x (fun y => exp (lam * (y - x))) <= exp (lam ^ 2 * u ^ 2 / 2 * x ^ 2).
Proof.
intros G. apply Rle_trans with (exp (lam * (up x - down x) * (lam * (up x - down x)) / 8)).
- destruct (generic_format_EM radix2 fexp x) as [H|H].
  + unfold rounded. rewrite !round_generic by (auto; typeclasses eauto). replace (x - x) with 0 by ring. rewrite !Rmult_0_r. unfold Rdiv. rewrite Rmult_0_l, exp_0. lra.
  + destruct (neighbours fexp x H) as ((H1 & H2) & _). eapply Rle_trans; [|apply (hoeffding _ (probability_range x))]. right. unfold rounded.
    f_equal; f_equal; f_equal; unfold probability; field; lra.
- assert (D := gap_on_grid x G). assert (D0 : 0 <= up x - down x).
  { destruct (generic_format_EM radix2 fexp x) as [H|H]; [rewrite !round_generic by (auto; typeclasses eauto); lra|]. destruct (neighbours fexp x H). lra. }
  assert (S : (up x - down x) ^ 2 <= (2 * u * Rabs x) ^ 2) by (apply pow_incr; lra).
  assert (I : lam * (up x - down x) * (lam * (up x - down x)) / 8 <= lam ^ 2 * u ^ 2 / 2 * x ^ 2).
  { rewrite <- (pow2_abs x). assert (lam ^ 2 * (up x - down x) ^ 2 <= lam ^ 2 * (2 * u * Rabs x) ^ 2) by (apply Rmult_le_compat_l; [apply pow2_ge_0|exact S]). lra. }
  destruct I as [I|I]; [now apply Rlt_le, exp_increasing|rewrite I; lra].
Qed.

Lemma exp_le a b : a <= b -> exp a <= exp b.
Proof. intros [H|H]; [now apply Rlt_le, exp_increasing|rewrite H; lra]. Qed.

Lemma exponential_moment lam t : terms_on_grid emin t ->
  E t (fun y => exp (lam * (y - exact t))) <= exp (lam ^ 2 * u ^ 2 / 2 * (A t ^ 2 * growth (depth t))).
Proof.
induction t as [x|l IHl r IHr]; intros G.
{ simpl. rewrite Rminus_diag_eq, Rmult_0_r, exp_0 by reflexivity. replace (_ / 2 * _) with 0 by ring. rewrite exp_0. lra. }
assert (Size := possible_size l (proj1 G)). assert (Size' := possible_size r (proj2 G)). destruct G as (Gl & Gr). specialize (IHl Gl). specialize (IHr Gr).
assert (u0 := u_pos p). set (s := exact l) in *. set (s' := exact r) in *. set (h := lam ^ 2 * u ^ 2 / 2) in *. set (m := max (depth l) (depth r)).
assert (h0 : 0 <= h) by (assert (0 <= lam ^ 2 * u ^ 2) by (apply Rmult_le_pos; apply pow2_ge_0); unfold h; lra).
assert (Pos : forall t, 0 <= A t) by (intros t; induction t; simpl; [apply Rabs_pos|lra]). assert (pl := Pos l). assert (pr := Pos r).
set (q := 1 + 2 * u) in *. assert (q1 : 1 <= q) by (unfold q; lra).
assert (P : forall i z, (i <= m)%nat -> 0 <= z -> q ^ i * z <= q ^ m * z) by (intros i z Hi Hz; apply Rmult_le_compat_r; [exact Hz|now apply Rle_pow]).
change (E (Node l r) (fun y => exp (lam * (y - exact (Node l r))))) with (E l (fun a => E r (fun b => rounded (a + b) (fun y => exp (lam * (y - (s + s'))))))).
set (B := h * (q ^ (2 * m) * (A l + A r) ^ 2)).
apply Rle_trans with (exp B * (E l (fun a => exp (lam * (a - s))) * E r (fun b => exp (lam * (b - s'))))).
- rewrite <- E_product, <- E_times. apply E_le. intros a Ha. rewrite <- E_times. apply E_le. intros b Hb.
  assert (Gt : grid emin (a + b)) by exact (grid_plus _ _ _ (possible_on_grid l Gl a Ha) (possible_on_grid r Gr b Hb)). assert (R := rounding_moment lam _ Gt). fold h in R.
  apply Rle_trans with (exp (lam * (a - s) + lam * (b - s')) * rounded (a + b) (fun y => exp (lam * (y - (a + b))))).
  + right. unfold rounded. rewrite Rmult_plus_distr_l, <- !Rmult_assoc, !(Rmult_comm (exp _) (_ - _)), !(Rmult_comm (exp (_ + _)) (probability _ _)), !Rmult_assoc, <- !exp_plus.
    f_equal; f_equal; f_equal; ring.
  + rewrite exp_plus, (Rmult_comm (exp B)). apply Rmult_le_compat_l; [apply Rmult_le_pos; apply Rlt_le, exp_pos|]. apply Rle_trans with (1 := R), exp_le.
    unfold B. apply Rmult_le_compat_l; [exact h0|]. replace (2 * m)%nat with (m + m)%nat by lia. rewrite pow_add, <- (pow2_abs (a + b)).
    replace (q ^ m * q ^ m * (A l + A r) ^ 2) with ((q ^ m * (A l + A r)) ^ 2) by ring. apply pow_incr. split; [apply Rabs_pos|].
    generalize (Size a Ha) (Size' b Hb) (P _ _ (Nat.le_max_l (depth l) (depth r)) pl) (P _ _ (Nat.le_max_r (depth l) (depth r)) pr) (Rabs_triang a b). lra.
- simpl A. change (depth (Node l r)) with (S m). change (growth (S m)) with (growth m + q ^ (2 * m)).
  apply Rle_trans with (exp B * (exp (h * (A l ^ 2 * growth m)) * exp (h * (A r ^ 2 * growth m)))).
  + apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|]. apply Rmult_le_compat.
    * apply Rle_trans with (E l (fun _ => 0)); [rewrite E_constant; lra|]. apply E_le. intros. apply Rlt_le, exp_pos.
    * apply Rle_trans with (E r (fun _ => 0)); [rewrite E_constant; lra|]. apply E_le. intros. apply Rlt_le, exp_pos.
    * apply Rle_trans with (1 := IHl), exp_le. apply Rmult_le_compat_l; [exact h0|]. apply Rmult_le_compat_l; [apply pow2_ge_0|apply growth_le, Nat.le_max_l].
    * apply Rle_trans with (1 := IHr), exp_le. apply Rmult_le_compat_l; [exact h0|]. apply Rmult_le_compat_l; [apply pow2_ge_0|apply growth_le, Nat.le_max_r].
  + rewrite <- !exp_plus. apply exp_le. unfold B. assert (gm := proj1 (growth_le m m (le_n m))).
    assert (A l ^ 2 + A r ^ 2 <= (A l + A r) ^ 2) by (assert (0 <= A l * A r) by (apply Rmult_le_pos; assumption); lra).
    assert (h * growth m * (A l ^ 2 + A r ^ 2) <= h * growth m * (A l + A r) ^ 2) by (apply Rmult_le_compat_l; [now apply Rmult_le_pos|assumption]). lra.
Qed.

(** An error of c or more has probability 2 exp(- c^2/(2 W)) at most, W = u ((1 + 2 u)^(2 k) - 1)/(4 (1 + u)) A^2. *)
Theorem azuma t c (W := u * ((1 + 2 * u) ^ (2 * depth t) - 1) / (4 * (1 + u)) * A t ^ 2) : terms_on_grid emin t -> 0 <= c -> 0 < W ->
  tail t c <= 2 * exp (- (c ^ 2 / (2 * W))).
Proof.
intros G Hc HW. assert (u0 := u_pos p). assert (EW : u ^ 2 * (A t ^ 2 * growth (depth t)) = W) by (unfold W; rewrite <- growth_closed; field; lra).
set (lam := c / W). assert (l0 : 0 <= lam) by (unfold lam; apply Rmult_le_pos; [exact Hc|apply Rlt_le, Rinv_0_lt_compat, HW]). unfold tail.
apply Rle_trans with (exp (- (lam * c)) * (E t (fun y => exp (lam * (y - exact t))) + E t (fun y => exp (- lam * (y - exact t))))).
- rewrite <- E_plus, <- E_times. apply E_le. intros y _. set (d := y - exact t). assert (P1 := exp_pos (lam * d)). assert (P2 := exp_pos (- lam * d)). assert (P3 := exp_pos (- (lam * c))).
  destruct (Rle_dec c (Rabs d)) as [I|I]; [|apply Rmult_le_pos; lra]. rewrite Rmult_plus_distr_l, <- !exp_plus. rewrite <- exp_0.
  assert (Q1 := exp_pos (- (lam * c) + lam * d)). assert (Q2 := exp_pos (- (lam * c) + - lam * d)). unfold Rabs in I. destruct (Rcase_abs d).
  + assert (exp 0 <= exp (- (lam * c) + - lam * d)); [|lra]. apply exp_le. assert (lam * c <= lam * - d) by (apply Rmult_le_compat_l; lra). lra.
  + assert (exp 0 <= exp (- (lam * c) + lam * d)); [|lra]. apply exp_le. assert (lam * c <= lam * d) by (apply Rmult_le_compat_l; lra). lra.
- assert (M1 := exponential_moment lam t G). assert (M2 := exponential_moment (- lam) t G). replace ((- lam) ^ 2) with (lam ^ 2) in M2 by ring.
  replace (lam ^ 2 * u ^ 2 / 2 * (A t ^ 2 * growth (depth t))) with (lam ^ 2 * W / 2) in M1, M2 by (rewrite <- EW; field).
  apply Rle_trans with (exp (- (lam * c)) * (2 * exp (lam ^ 2 * W / 2))); [apply Rmult_le_compat_l; [apply Rlt_le, exp_pos|lra]|].
  right. rewrite (Rmult_comm (exp _)), Rmult_assoc, <- exp_plus. do 2 f_equal. unfold lam. field. lra.
Qed.
End StochasticSum.
