(* SPDX-License-Identifier: Apache-2.0 *)
(** The vocabulary of all statements: formats, grids, roundings, unit roundoff. *)
From Coq Require Export Reals ZArith List Lra Lia Psatz.
From Flocq Require Export Core.
Export ListNotations.
Open Scope R_scope.

(** F(p, emin): the numbers m 2^e with |m| < 2^p and e >= emin. Its smallest positive number is 2^emin, its smallest normal number
    2^(emin + p - 1); it has subnormal numbers and no largest one: where a statement says nothing else, nothing overflows. *)
Notation format p emin := (generic_format radix2 (FLT_exp emin p)).

(** The multiples of 2^e. *)
Notation grid e := (generic_format radix2 (FIX_exp e)).

(** Rounding to F(p, emin) by a function from the reals to the integers: [Zfloor], [Zceil], [Ztrunc], [Zrnd_odd], ... *)
Notation rounding rnd p emin := (round radix2 (FLT_exp emin p) rnd).

(** Rounding to nearest; [tie n] tells whether n + 1/2 goes up. *)
Notation nearest tie p emin := (rounding (Znearest tie) p emin).

(** To nearest, ties to even. *)
Notation nearest_even p emin := (nearest (fun n => negb (Z.even n)) p emin).

(** u = 2^-p. *)
Definition u (p : Z) : R := bpow radix2 (- p).

(** eta / 2, half the smallest positive number 2^emin. *)
Definition half_eta (emin : Z) : R := bpow radix2 (emin - 1).

Lemma u_pos p : 0 < u p.
Proof. apply bpow_gt_0. Qed.

Lemma u_le_half p : Prec_gt_0 p -> u p <= / 2.
Proof. intros H. change (/ 2) with (bpow radix2 (-1)). apply bpow_le. unfold Prec_gt_0 in H. lia. Qed.

Lemma half_eta_pos emin : 0 < half_eta emin.
Proof. apply bpow_gt_0. Qed.

Lemma u_is_half_power p : u p = / 2 * bpow radix2 (1 - p).
Proof. unfold u. change (/ 2) with (bpow radix2 (-1)). rewrite <- bpow_plus. f_equal. ring. Qed.

Lemma half_eta_is_half emin : half_eta emin = / 2 * bpow radix2 emin.
Proof. unfold half_eta. change (/ 2) with (bpow radix2 (-1)). rewrite <- bpow_plus. f_equal. ring. Qed.

(** A format has the numbers of a narrower one. *)
Lemma format_widens p emin p' emin' x : (p <= p')%Z -> (emin' <= emin)%Z -> format p emin x -> format p' emin' x.
Proof. intros Hp He. apply generic_inclusion_mag. intros _. unfold FLT_exp. lia. Qed.

Lemma format_on_grid p emin x : format p emin x -> grid emin x.
Proof. apply generic_format_FIX_FLT. Qed.

Lemma grid_is_multiples e x : grid e x <-> exists m : Z, x = IZR m * bpow radix2 e.
Proof.
split.
- intros H. apply FIX_format_generic in H. destruct H as [[m k] -> E]. simpl in E. subst. now exists m.
- intros [m ->]. apply generic_format_FIX. now exists (Float radix2 m e).
Qed.

Lemma grid_finer e e' x : (e' <= e)%Z -> grid e x -> grid e' x.
Proof.
rewrite !grid_is_multiples. intros He [m ->]. exists (m * 2 ^ (e - e'))%Z.
rewrite mult_IZR. change 2%Z with (radix_val radix2). rewrite IZR_Zpower by lia. rewrite Rmult_assoc, <- bpow_plus. do 2 f_equal. ring.
Qed.

Lemma grid_0 e : grid e 0.
Proof. apply generic_format_0. Qed.

Lemma grid_plus e x y : grid e x -> grid e y -> grid e (x + y).
Proof.
rewrite !grid_is_multiples. intros [m ->] [n ->]. exists (m + n)%Z. rewrite plus_IZR. ring.
Qed.

Lemma grid_opp e x : grid e x -> grid e (- x).
Proof. apply generic_format_opp. Qed.

(** Products of multiples of 2^e1 and of 2^e2 are multiples of 2^(e1 + e2), and of all smaller powers. *)
Lemma grid_mult e1 e2 e x y : (e <= e1 + e2)%Z -> grid e1 x -> grid e2 y -> grid e (x * y).
Proof.
rewrite !grid_is_multiples. intros He [m ->] [n ->]. exists (m * n * 2 ^ (e1 + e2 - e))%Z.
rewrite !mult_IZR. change 2%Z with (radix_val radix2). rewrite IZR_Zpower by lia.
replace (IZR m * IZR n * bpow radix2 (e1 + e2 - e) * bpow radix2 e) with (IZR m * IZR n * (bpow radix2 (e1 + e2 - e) * bpow radix2 e)) by ring.
rewrite <- !bpow_plus. replace (e1 + e2 - e + e)%Z with (e1 + e2)%Z by ring. rewrite bpow_plus. ring.
Qed.
