(* SPDX-License-Identifier: Apache-2.0 *)
(** Sums in an accumulator of K numbers: each term goes through all of them by 2Sum, only the last addition loses something, and one pass of 2Sums from the
    last number to the first follows. What is lost stays ((1 + c)^k - 1) P, P the largest partial sum. Bound dot.expansion. *)
From Fmtlab Require Import Numbers Sums RoundingError ErrorFree Sum2.

Section Expansion.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Hypothesis He : (emin <= 0)%Z.
Variable tie : Z -> bool.
Hypothesis Ht : symmetric tie.
Notation fl := (nearest tie p emin).
Notation v := (u p / (1 + u p)).
Notation number := (format p emin).
Notation two_sum_error := (two_sum_error p emin tie).

(** A term x goes through the numbers; what the last addition errs by. *)
Fixpoint descend ls x := match ls with [] => [] | [l] => [fl (l + x)] | l :: r => fl (l + x) :: descend r (two_sum_error l x) end.
Fixpoint lost ls x := match ls with [] => 0 | [l] => fl (l + x) - (l + x) | l :: r => lost r (two_sum_error l x) end.

(** One pass from the last number to the first: the sum of all, rounded, and the errors, which take the places of the others. *)
Fixpoint carry ls := match ls with
  | [] => (0, []) | [l] => (l, []) | l :: r => let (c, errors) := carry r in (fl (l + c), two_sum_error l c :: errors) end.
Definition pass ls := fst (carry ls) :: snd (carry ls).

Definition add ls x := pass (descend ls x).

Lemma two_sum_error_exact s x : number s -> number x -> two_sum_error s x = s + x - fl (s + x).
Proof. intros Fs Fx. generalize (two_sum p emin Hp1 He tie s x Ht Fs Fx). unfold Sum2.two_sum_error. cbv zeta. lra. Qed.

Lemma number_fl x : number (fl x).
Proof. apply generic_format_round; typeclasses eauto. Qed.

Lemma number_error s x : number s -> number x -> number (two_sum_error s x).
Proof. intros. apply number_fl. Qed.

Lemma small_error s x : number s -> number x -> Rabs (fl (s + x) - (s + x)) <= v * Rabs (s + x).
Proof. intros. apply error_on_grid; [exact Hp|]. apply grid_plus; now apply (format_on_grid p). Qed.

(** Nothing is lost but that, and a pass loses nothing. *)
Lemma descend_sum ls : forall x, ls <> [] -> Forall number ls -> number x ->
  sum (descend ls x) = sum ls + x + lost ls x /\ Forall number (descend ls x) /\ length (descend ls x) = length ls.
Proof.
induction ls as [|l r IH]; intros x N F Fx; [easy|]. inversion F as [|? ? Fl Fr]; subst. destruct r as [|l' r'].
- cbn. split; [ring|split; [|reflexivity]]. constructor; [apply number_fl|constructor].
- destruct (IH (two_sum_error l x) ltac:(easy) Fr ltac:(now apply number_error)) as (I1 & I2 & I3).
  change (descend (l :: l' :: r') x) with (fl (l + x) :: descend (l' :: r') (two_sum_error l x)).
  change (lost (l :: l' :: r') x) with (lost (l' :: r') (two_sum_error l x)). rewrite !(sum_cons (fl _)), (sum_cons l), I1. split; [|split].
  + rewrite (two_sum_error_exact l x) at 1 by assumption. ring.
  + constructor; [apply number_fl|exact I2].
  + cbn [length]. now rewrite I3.
Qed.

Lemma carry_cons l l' r : carry (l :: l' :: r) = (fl (l + fst (carry (l' :: r))), two_sum_error l (fst (carry (l' :: r))) :: snd (carry (l' :: r))).
Proof. change (carry (l :: l' :: r)) with (let (c, errors) := carry (l' :: r) in (fl (l + c), two_sum_error l c :: errors)). now destruct (carry (l' :: r)). Qed.

Lemma carry_sum ls : ls <> [] -> Forall number ls ->
  fst (carry ls) + sum (snd (carry ls)) = sum ls /\ number (fst (carry ls)) /\ Forall number (snd (carry ls)) /\ S (length (snd (carry ls))) = length ls.
Proof.
induction ls as [|l r IH]; intros N F; [easy|]. inversion F as [|? ? Fl Fr]; subst. destruct r as [|l' r'].
- cbn. split; [ring|split; [exact Fl|split; [constructor|reflexivity]]].
- destruct (IH ltac:(easy) Fr) as (I1 & I2 & I3 & I4). rewrite carry_cons. cbn [fst snd]. rewrite !sum_cons. split; [|split; [|split]].
  + rewrite two_sum_error_exact by assumption. change (l' + sum r') with (sum (l' :: r')). lra.
  + apply number_fl.
  + constructor; [now apply number_error|exact I3].
  + cbn [length] in *. now rewrite I4.
Qed.

Lemma pass_sum ls : ls <> [] -> Forall number ls -> sum (pass ls) = sum ls /\ Forall number (pass ls) /\ length (pass ls) = length ls.
Proof.
intros N F. destruct (carry_sum ls N F) as (H1 & H2 & H3 & H4). unfold pass. rewrite sum_cons. repeat split; [exact H1|now constructor|exact H4].
Qed.

(** The same in terms of bounds, as multiples of B: of the numbers but the first (Ls), of what arrives (X); what is lost; after the pass. *)
Fixpoint descend_bound Ls X := match Ls with [] => [] | L :: R => (1 + v) * (L + X) :: descend_bound R (v * (L + X)) end.
Fixpoint lost_bound Ls X := match Ls with [] => 0 | [L] => v * (L + X) | L :: R => lost_bound R (v * (L + X)) end.
Fixpoint carry_bound Ds := match Ds with
  | [] => (0, []) | [D] => (D, []) | D :: R => let (C, N) := carry_bound R in ((1 + v) * (D + C), v * (D + C) :: N) end.

Definition bounded B Ls ls := Forall2 (fun L l => Rabs l <= L * B) Ls ls.

Lemma v_pos : 0 < v.
Proof. apply Rdiv_lt_0_compat; generalize (u_pos p); lra. Qed.

Lemma rounded_bound s x Z : number s -> number x -> Rabs (s + x) <= Z ->
  Rabs (fl (s + x)) <= (1 + v) * Z /\ Rabs (fl (s + x) - (s + x)) <= v * Z /\ Rabs (two_sum_error s x) <= v * Z.
Proof.
intros Fs Fx H. assert (E := small_error s x Fs Fx). assert (V := v_pos). assert (I : v * Rabs (s + x) <= v * Z) by (apply Rmult_le_compat_l; lra).
rewrite two_sum_error_exact, (Rabs_minus_sym (s + x)) by assumption. assert (T := Rabs_triang (s + x) (fl (s + x) - (s + x))).
replace (s + x + (fl (s + x) - (s + x))) with (fl (s + x)) in T by ring. repeat split; lra.
Qed.

Lemma descend_bounded B Ls ls : bounded B Ls ls -> forall x X, Forall number ls -> number x -> Rabs x <= X * B ->
  bounded B (descend_bound Ls X) (descend ls x) /\ Rabs (lost ls x) <= lost_bound Ls X * B.
Proof.
intros H. induction H as [|L l R r Hl H IH]; intros x X F Fx Hx; [cbn; rewrite Rabs_R0, Rmult_0_l; split; [constructor|lra]|]. inversion F as [|? ? Fl Fr]; subst.
assert (S : Rabs (l + x) <= (L + X) * B) by (generalize (Rabs_triang l x); lra). destruct (rounded_bound l x _ Fl Fx S) as (S1 & S2 & S3).
destruct H as [|L' l' R' r' Hl' H].
- cbn. split; [|now rewrite Rmult_assoc]. constructor; [now rewrite Rmult_assoc|constructor].
- destruct (IH (two_sum_error l x) (v * (L + X)) Fr ltac:(now apply number_error) ltac:(now rewrite Rmult_assoc)) as (I1 & I2). split; [|exact I2].
  change (descend (l :: l' :: r') x) with (fl (l + x) :: descend (l' :: r') (two_sum_error l x)). constructor; [now rewrite Rmult_assoc|exact I1].
Qed.

Lemma carry_bounded B Ds ds : bounded B Ds ds -> Forall number ds ->
  Rabs (fst (carry ds)) <= fst (carry_bound Ds) * B /\ bounded B (snd (carry_bound Ds)) (snd (carry ds)).
Proof.
intros H. induction H as [|D d R r Hd H IH]; intros F; [cbn; rewrite Rabs_R0, Rmult_0_l; split; [lra|constructor]|]. inversion F as [|? ? Fd Fr]; subst.
destruct H as [|D' d' R' r' Hd' H]; [cbn; split; [exact Hd|constructor]|]. destruct (IH Fr) as (I1 & I2). rewrite carry_cons.
change (carry_bound (D :: D' :: R')) with (let (C, N) := carry_bound (D' :: R') in ((1 + v) * (D + C), v * (D + C) :: N)).
destruct (carry_bound (D' :: R')) as [C N]. cbn [fst snd] in *. destruct (carry_sum (d' :: r') ltac:(easy) Fr) as (_ & Fc & _ & _).
assert (S : Rabs (d + fst (carry (d' :: r'))) <= (D + C) * B) by (generalize (Rabs_triang d (fst (carry (d' :: r')))); lra).
destruct (rounded_bound _ _ _ Fd Fc S) as (S1 & _ & S3). split; [now rewrite Rmult_assoc|]. constructor; [now rewrite Rmult_assoc|exact I2].
Qed.

Lemma bounded_sum B Ls ls : bounded B Ls ls -> Rabs (sum ls) <= sum Ls * B.
Proof. intros H. induction H as [|L l R r Hl H IH]; [cbn; rewrite Rabs_R0; lra|]. rewrite !sum_cons. generalize (Rabs_triang l (sum r)). lra. Qed.

(** Bounds that a step keeps, and what a step loses. *)
Variable Ls : list R.
Notation arriving := (v * (1 + sum Ls)).
Definition c := lost_bound Ls arriving.
Hypothesis Positive : Forall (fun L => 0 <= L) Ls.
Hypothesis Stable : Forall2 Rle (v * (1 + sum (tl Ls)) :: snd (carry_bound (descend_bound Ls arriving))) Ls.

Lemma descend_cons l l' r x : descend (l :: l' :: r) x = fl (l + x) :: descend (l' :: r) (two_sum_error l x).
Proof. reflexivity. Qed.

Lemma bounded_le B Ls1 Ls2 ls : 0 <= B -> Forall2 Rle Ls1 Ls2 -> bounded B Ls1 ls -> bounded B Ls2 ls.
Proof.
intros HB H. revert ls. induction H as [|L1 L2 R1 R2 HL H IH]; intros ls I; inversion I; subst; constructor; [|now apply IH].
assert (L1 * B <= L2 * B) by (apply Rmult_le_compat_r; assumption). lra.
Qed.

Section Step.
Variables (l0 : R) (ls : list R) (x B : R).
Hypotheses (HB : 0 <= B) (Bounds : bounded B Ls ls) (F0 : number l0) (F : Forall number ls) (Fx : number x) (Before : Rabs (l0 + sum ls + x) <= B).
Notation x1 := (two_sum_error l0 x).

Lemma tail_not_empty : exists l r, ls = l :: r.
Proof. inversion Stable; subst. destruct ls as [|l r]; [|now exists l, r]. unfold bounded in Bounds. inversion Bounds; subst; discriminate. Qed.

Lemma arrives : Rabs x1 <= arriving * B /\ number x1.
Proof.
assert (S : Rabs (l0 + x) <= (1 + sum Ls) * B).
{ assert (T := bounded_sum B Ls ls Bounds). replace (l0 + x) with (l0 + sum ls + x + - sum ls) by ring. generalize (Rabs_triang (l0 + sum ls + x) (- sum ls)). rewrite Rabs_Ropp. lra. }
split; [|now apply number_error]. rewrite Rmult_assoc. now apply rounded_bound.
Qed.

Theorem step_loses : sum (add (l0 :: ls) x) = l0 + sum ls + x + lost ls x1 /\ Rabs (lost ls x1) <= c * B /\ Forall number (add (l0 :: ls) x).
Proof.
destruct tail_not_empty as (l & r & E). destruct arrives as (A1 & A2). assert (F' : Forall number (l0 :: ls)) by now constructor.
destruct (descend_sum (l0 :: ls) x ltac:(easy) F' Fx) as (D1 & D2 & D3). assert (N : descend (l0 :: ls) x <> []) by (rewrite E; easy).
destruct (pass_sum _ N D2) as (P1 & P2 & _). unfold add. rewrite P1, D1. split; [|split; [|exact P2]].
- rewrite sum_cons. rewrite E at 2. change (lost (l0 :: l :: r) x) with (lost (l :: r) x1). now rewrite E.
- apply (descend_bounded B Ls ls Bounds x1 arriving F A2 A1).
Qed.

Theorem step_keeps : Rabs (sum (add (l0 :: ls) x)) <= B -> bounded B Ls (tl (add (l0 :: ls) x)).
Proof.
destruct tail_not_empty as (l & r & E). destruct arrives as (A1 & A2). intros After. unfold add, pass in *.
destruct (descend_bounded B Ls ls Bounds x1 arriving F A2 A1) as (D1 & _). destruct (descend_sum ls x1 ltac:(rewrite E; easy) F A2) as (_ & D2 & D3).
assert (Ed : descend (l0 :: ls) x = fl (l0 + x) :: descend ls x1) by (rewrite E; reflexivity). rewrite Ed in *.
assert (Ne : descend ls x1 <> []) by (rewrite E; destruct r; easy). destruct (descend ls x1) as [|d ds] eqn:Q; [easy|]. rewrite carry_cons in *. cbn [fst snd tl] in *.
destruct (carry_bounded B _ _ D1 D2) as (_ & C2). destruct (carry_sum (d :: ds) ltac:(easy) D2) as (_ & C3 & C4 & _).
set (C := fst (carry (d :: ds))) in *. set (n := snd (carry (d :: ds))) in *. set (d0 := fl (l0 + x)) in *. assert (F1 : number d0) by apply number_fl.
assert (St : exists L1 R2, Ls = L1 :: R2 /\ v * (1 + sum (tl Ls)) <= L1 /\ Forall2 Rle (snd (carry_bound (descend_bound Ls arriving))) R2)
  by (inversion Stable; subst; eauto 6).
destruct St as (L1 & R2 & EL & S1 & S2). assert (C5 : bounded B R2 n) by exact (bounded_le B _ _ n HB S2 C2).
rewrite EL in S1 at 1. cbn [tl] in S1. rewrite EL. constructor; [|exact C5]. rewrite !sum_cons, (two_sum_error_exact d0 C) in After by assumption.
assert (T := bounded_sum B R2 n C5). assert (G : Rabs (d0 + C) <= (1 + sum R2) * B).
{ replace (d0 + C) with (fl (d0 + C) + (d0 + C - fl (d0 + C) + sum n) + - sum n) by ring.
  generalize (Rabs_triang (fl (d0 + C) + (d0 + C - fl (d0 + C) + sum n)) (- sum n)). rewrite Rabs_Ropp. lra. }
apply Rle_trans with (v * ((1 + sum R2) * B)); [now apply rounded_bound|]. rewrite <- Rmult_assoc. apply Rmult_le_compat_r; [exact HB|]. exact S1.
Qed.
End Step.

(** No partial sum is above P. *)
Fixpoint within P s xs := Rabs s <= P /\ match xs with [] => True | x :: r => within P (s + x) r end.

Lemma larger B B' ls : B <= B' -> bounded B Ls ls -> bounded B' Ls ls.
Proof.
intros I H. unfold bounded in *. clear Stable. induction H as [|L l R r HL H IH]; constructor.
- inversion Positive; subst. assert (L * B <= L * B') by (apply Rmult_le_compat_l; assumption). lra.
- apply IH. now inversion Positive.
Qed.

Lemma drift_from xs : forall l0 ls s P d, Forall number (l0 :: ls) -> (forall x, In x xs -> number x) -> 0 <= d -> bounded (P + d) Ls ls ->
  Rabs (sum (l0 :: ls) - s) <= d -> within P s xs ->
  let st := fold_left add xs (l0 :: ls) in
  Forall number st /\ Rabs (sum st - (s + sum xs)) <= (1 + c) ^ length xs * (P + d) - P /\ bounded ((1 + c) ^ length xs * (P + d)) Ls (tl st).
Proof.
induction xs as [|x r IH]; intros l0 ls s P d F Fxs Hd HB HT W.
{ cbn [fold_left length pow tl]. split; [exact F|]. rewrite Rmult_1_l. split; [|exact HB]. cbn [sum fold_right] in *. rewrite Rplus_0_r. lra. }
inversion F as [|? ? F0 Fls]; subst. destruct W as (W0 & W). assert (Fx : number x) by (apply Fxs; now left).
assert (W1 : Rabs (s + x) <= P) by (destruct r; apply W). assert (P0 : 0 <= P) by (generalize (Rabs_pos s); lra).
set (B := P + d) in *. assert (B0 : 0 <= B) by (unfold B; lra). rewrite sum_cons in HT.
assert (Before : Rabs (l0 + sum ls + x) <= B).
{ replace (l0 + sum ls + x) with (s + x + (l0 + sum ls - s)) by ring. generalize (Rabs_triang (s + x) (l0 + sum ls - s)). unfold B. lra. }
destruct (step_loses l0 ls x B HB F0 Fls Fx Before) as (S1 & S2 & S3). set (e := lost ls (two_sum_error l0 x)) in *.
assert (cB : 0 <= c * B) by (generalize (Rabs_pos e); lra).
assert (T : Rabs (sum (add (l0 :: ls) x) - (s + x)) <= d + c * B).
{ rewrite S1. replace (l0 + sum ls + x + e - (s + x)) with (l0 + sum ls - s + e) by ring. generalize (Rabs_triang (l0 + sum ls - s) e). lra. }
assert (After : Rabs (sum (add (l0 :: ls) x)) <= P + (d + c * B)).
{ replace (sum (add (l0 :: ls) x)) with (s + x + (sum (add (l0 :: ls) x) - (s + x))) by ring.
  generalize (Rabs_triang (s + x) (sum (add (l0 :: ls) x) - (s + x))). lra. }
assert (EB : B = P + d) by reflexivity. assert (HB' : bounded (P + (d + c * B)) Ls ls) by (apply (larger B); [lra|exact HB]).
assert (K := step_keeps l0 ls x (P + (d + c * B)) ltac:(lra) HB' F0 Fls Fx ltac:(lra) After).
cbv zeta. cbn [fold_left length]. rewrite sum_cons. unfold add at 2 4 6. unfold pass.
destruct (IH (fst (carry (descend (l0 :: ls) x))) (snd (carry (descend (l0 :: ls) x))) (s + x) P (d + c * B) S3 (fun y Hy => Fxs y (or_intror Hy)) ltac:(lra) K T W) as (I1 & I2 & I3).
assert (EP : (1 + c) ^ length r * (P + (d + c * B)) = (1 + c) ^ S (length r) * B) by (cbn [pow]; unfold B; ring). rewrite EP in I2, I3.
split; [exact I1|]. replace (s + (x + sum r)) with (s + x + sum r) by ring. split; [exact I2|exact I3].
Qed.

Lemma zeros_bounded P Ms : Forall (fun L => 0 <= L) Ms -> 0 <= P -> bounded P Ms (repeat 0 (length Ms)).
Proof. intros F P0. unfold bounded. induction F as [|L R HL F IH]; cbn [length repeat]; constructor; [rewrite Rabs_R0; now apply Rmult_le_pos|exact IH]. Qed.

(** k terms after the first: what the accumulator holds differs from the exact sum by ((1 + c)^k - 1) P at most. *)
Theorem expansion_drift x xs P (sum_of := fold_left add xs (x :: repeat 0 (length Ls))) : (forall y, In y (x :: xs) -> number y) -> within P x xs ->
  Forall number sum_of /\ Rabs (sum sum_of - sum (x :: xs)) <= ((1 + c) ^ length xs - 1) * P /\ bounded ((1 + c) ^ length xs * P) Ls (tl sum_of).
Proof.
intros F W. assert (W0 : Rabs x <= P) by (destruct xs; apply W). assert (P0 : 0 <= P) by (generalize (Rabs_pos x); lra).
assert (Z : sum (repeat 0 (length Ls)) = 0) by (induction (length Ls) as [|j I]; [reflexivity|]; cbn [repeat]; rewrite sum_cons, I; ring).
destruct (drift_from xs x (repeat 0 (length Ls)) x P 0) as (D1 & D2 & D3).
- constructor; [apply F; now left|]. apply Forall_forall. intros y Hy. apply repeat_spec in Hy. rewrite Hy. apply generic_format_0.
- intros y Hy. apply F. now right.
- lra.
- rewrite Rplus_0_r. now apply zeros_bounded.
- rewrite sum_cons, Z, Rplus_0_r, Rminus_diag_eq, Rabs_R0 by reflexivity. lra.
- exact W.
- rewrite Rplus_0_r in D2, D3. split; [exact D1|]. rewrite sum_cons. split; [|exact D3]. apply Rle_trans with (1 := D2). right. ring.
Qed.

Lemma bounded_magnitude B ls : bounded B Ls ls -> magnitude ls <= sum Ls * B.
Proof.
clear Stable Positive. intros H. unfold bounded in H. induction H as [|L l R r Hl H IH]; [unfold magnitude; cbn; lra|]. rewrite magnitude_cons, sum_cons. lra.
Qed.

(** P can be the sum of magnitudes; and 1 + v times that of the terms where some are added as two numbers h and r, |r| <= v |h + r|. *)
Lemma within_magnitude xs : forall s P, Rabs s + magnitude xs <= P -> within P s xs.
Proof.
induction xs as [|x r IH]; intros s P H; [unfold magnitude in H; cbn in *; split; [lra|exact I]|]. rewrite magnitude_cons in H. split.
- generalize (Rabs_pos x) (magnitude_pos r). lra.
- apply IH. generalize (Rabs_triang s x). lra.
Qed.

Definition term (t : R * option R) := fst t + match snd t with Some r => r | None => 0 end.
Fixpoint in_parts (ts : list (R * option R)) : list R := match ts with
  | [] => [] | t :: q => match snd t with Some r => fst t :: r :: in_parts q | None => fst t :: in_parts q end end.

Theorem within_split ts : (forall h r, In (h, Some r) ts -> Rabs r <= v * Rabs (h + r)) ->
  forall s M P, 0 <= M -> Rabs s <= M -> (1 + v) * (M + magnitude (map term ts)) <= P -> within P s (in_parts ts).
Proof.
assert (V := v_pos). induction ts as [|[h o] q IH]; intros H s M P HM Hs HP.
- unfold magnitude in HP. cbn in *. split; [|exact I]. assert (0 <= v * M) by (apply Rmult_le_pos; lra). lra.
- cbn [map in_parts fst snd] in *. rewrite magnitude_cons in HP. set (w := term (h, o)) in *. set (m := magnitude _) in *. assert (m0 : 0 <= m) by apply magnitude_pos.
  assert (W := Rabs_pos w). assert (0 <= v * M) by (apply Rmult_le_pos; lra). assert (0 <= v * m) by (apply Rmult_le_pos; lra).
  assert (0 <= v * Rabs w) by (apply Rmult_le_pos; lra). assert (Next : within P (s + w) (in_parts q)).
  { apply (IH (fun a b Hab => H a b (or_intror Hab)) (s + w) (M + Rabs w)); [lra|generalize (Rabs_triang s w); lra|lra]. }
  destruct o as [r|]; unfold w, term in *; cbn [fst snd] in *.
  + assert (Hr := H h r (or_introl eq_refl)). split; [lra|]. split.
    * replace (s + h) with (s + (h + r) + - r) by ring. generalize (Rabs_triang (s + (h + r)) (- r)) (Rabs_triang s (h + r)). rewrite Rabs_Ropp. lra.
    * now replace (s + h + r) with (s + (h + r)) by ring.
  + split; [lra|]. now rewrite Rplus_0_r in Next.
Qed.
End Expansion.

(** Two numbers: the accumulator's first is its sum, rounded, and c = v^2 (2 + v). *)
Section TwoNumbers.
Variables p emin : Z.
Context {Hp : Prec_gt_0 p}.
Hypothesis Hp1 : (1 < p)%Z.
Hypothesis He : (emin <= 0)%Z.
Variable tie : Z -> bool.
Hypothesis Ht : symmetric tie.
Notation fl := (nearest tie p emin).
Notation v := (u p / (1 + u p)).

Definition sum_in_two x xs := fold_left (add p emin tie) xs [x; 0].

Lemma first_is_rounded x xs : (forall y, In y (x :: xs) -> format p emin y) ->
  exists l, sum_in_two x xs = [fl (sum (sum_in_two x xs)); l].
Proof.
intros F. unfold sum_in_two. destruct xs as [|y r _] using rev_ind.
- exists 0. cbn [fold_left]. unfold sum. cbn. rewrite !Rplus_0_r, round_generic; [reflexivity|typeclasses eauto|apply F; now left].
- rewrite fold_left_app. cbn [fold_left]. set (st := fold_left (add p emin tie) r [x; 0]).
  assert (S : exists a b, st = [a; b] /\ format p emin a /\ format p emin b).
  { unfold st. assert (G : forall r' a b, (forall z, In z r' -> format p emin z) -> format p emin a -> format p emin b ->
      exists a' b', fold_left (add p emin tie) r' [a; b] = [a'; b'] /\ format p emin a' /\ format p emin b').
    { induction r' as [|z r' IH]; intros a b Fz Fa Fb; [now exists a, b|]. cbn [fold_left]. unfold add at 2, pass. cbn. apply IH.
      - intros w Hw. apply Fz. now right.
      - apply number_fl. exact Hp.
      - unfold Sum2.two_sum_error. apply number_fl. exact Hp. }
    apply G; [|apply F; now left|apply generic_format_0]. intros z Hz. apply F. right. apply in_or_app. now left. }
  destruct S as (a & b & -> & Fa & Fb). assert (Fy : format p emin y) by (apply F; right; apply in_or_app; right; now left).
  unfold add, pass. cbn [descend carry fst snd]. set (d := fl (a + y)). set (c := fl (b + two_sum_error p emin tie a y)). exists (two_sum_error p emin tie d c). f_equal.
  unfold sum. cbn [fold_right]. rewrite (two_sum_error_exact p emin Hp1 He tie Ht d c) by (apply number_fl; exact Hp). f_equal. ring.
Qed.

Theorem expansion_of_two x xs P (s := sum (x :: xs)) : (forall y, In y (x :: xs) -> format p emin y) -> within P x xs ->
  Rabs (hd 0 (sum_in_two x xs) - s) <= v * Rabs s + (1 + v) * (((1 + v ^ 2 * (2 + v)) ^ length xs - 1) * P).
Proof.
intros F W. destruct (first_is_rounded x xs F) as (l & E). assert (V := v_pos p).
destruct (expansion_drift p emin Hp1 He tie Ht [v]) with (x := x) (xs := xs) (P := P) as (D1 & D2 & _); try assumption.
- constructor; [lra|constructor].
- cbn. constructor; [lra|constructor].
- change (fold_left (add p emin tie) xs (x :: repeat 0 (length [v]))) with (sum_in_two x xs) in D1, D2. fold s in D2.
  replace (c p [v]) with (v ^ 2 * (2 + v)) in D2 by (unfold c; cbn; ring). set (T := sum (sum_in_two x xs)) in *. rewrite E. cbn [hd].
  assert (G : grid emin T).
  { unfold T. clear - D1. induction D1 as [|z zs Fz D1 IH]; [apply grid_0|]. rewrite sum_cons. apply grid_plus; [now apply (format_on_grid p)|exact IH]. }
  assert (Q := error_on_grid p emin tie T G). assert (A : Rabs T <= Rabs s + Rabs (T - s)) by (replace T with (s + (T - s)) at 1 by ring; apply Rabs_triang).
  assert (v * Rabs T <= v * (Rabs s + Rabs (T - s))) by (apply Rmult_le_compat_l; lra).
  replace (fl T - s) with (fl T - T + (T - s)) by ring. generalize (Rabs_triang (fl T - T) (T - s)).
  assert ((1 + v) * Rabs (T - s) <= (1 + v) * (((1 + v ^ 2 * (2 + v)) ^ length xs - 1) * P)) by (apply Rmult_le_compat_l; lra). lra.
Qed.
End TwoNumbers.
