(* SPDX-License-Identifier: Apache-2.0 *)
(** Exact worst cases of narrow accumulators, computed by Coq itself: a program on integers whose answer is proved to be the largest |error|, or the
    largest |error| / A, over all inputs. `fmtlab worst --certificate` writes the statements that it checks. *)
From Coq Require Import FMapPositive.
From Fmtlab Require Import Numbers Sums IntegerRounding.
Local Open Scope Z_scope.

Section Automaton.
(** F(p, e) up to max 2^g, to nearest even; terms x 2^g; weights of error and of magnitude. *)
Variables p e g max : Z.
Context {Hp : Prec_gt_0 p}.
Variable terms : list Z.
Variables D N : Z.

Definition next s x := round_integer p (e - g) (s + x).
Definition legal t := Z.abs t <=? max.

(** D (error of the addition) - N |x|. *)
Definition gain s x := D * (next s x - (s + x)) - N * Z.abs x.

(** All sums from s stay in range. *)
Fixpoint in_range s xs := match xs with [] => True | x :: r => legal (next s x) = true /\ in_range (next s x) r end.

Fixpoint total s xs := match xs with [] => 0 | x :: r => gain s x + total (next s x) r end.

(** ** The specification: the largest total of n terms from s; none if all overflow *)

Definition better (a b : option Z) := match a, b with Some x, Some y => Some (Z.max x y) | None, b => b | a, None => a end.

(** What term x offers, v being the value of states after it. *)
Definition offer (v : Z -> option Z) s x := let t := next s x in
  if legal t then match v t with Some w => Some (D * (t - (s + x)) - N * Z.abs x + w) | None => None end else None.

Definition best (v : Z -> option Z) s := fold_right (fun x b => better (offer v s x) b) None terms.

Fixpoint V n s := match n with O => Some 0 | S m => best (V m) s end.

Lemma best_bound v s x w : In x terms -> legal (next s x) = true -> v (next s x) = Some w -> exists b, best v s = Some b /\ gain s x + w <= b.
Proof.
unfold best. induction terms as [|y l IH]; simpl; [easy|]. intros [->|H] L E.
- unfold offer at 1. rewrite L, E. fold (gain s x). destruct (fold_right _ _ l) as [b|]; simpl; eexists; split; try reflexivity; unfold gain; lia.
- destruct (IH H L E) as (b & -> & Hb). destruct (offer v s y) as [a|]; simpl; eexists; split; try reflexivity; lia.
Qed.

Lemma best_attained v s b : best v s = Some b -> exists x w, In x terms /\ legal (next s x) = true /\ v (next s x) = Some w /\ b = gain s x + w.
Proof.
unfold best. revert b. induction terms as [|y l IH]; simpl; [easy|]. intros b. destruct (offer v s y) as [a|] eqn:O.
- assert (A : exists w, legal (next s y) = true /\ v (next s y) = Some w /\ a = gain s y + w).
  { unfold offer in O. destruct (legal (next s y)); [|easy]. destruct (v (next s y)) as [w|]; [|easy]. injection O as <-. exists w. auto. }
  destruct A as (w & A1 & A2 & A3). destruct (fold_right _ _ l) as [c|] eqn:F; simpl; intros [= <-].
  + destruct (Z.max_spec a c) as [[_ ->]|[_ ->]]; [|exists y, w; auto]. destruct (IH c eq_refl) as (x & w' & H & R). exists x, w'. auto.
  + exists y, w. auto.
- simpl. intros E. destruct (IH b E) as (x & w & H & R). exists x, w. auto.
Qed.

Theorem V_bound xs : forall s, (forall x, In x xs -> In x terms) -> in_range s xs -> exists v, V (length xs) s = Some v /\ total s xs <= v.
Proof.
induction xs as [|x r IH]; intros s H R; [exists 0; simpl; split; [reflexivity|lia]|]. destruct R as [R1 R2].
destruct (IH (next s x) (fun y Hy => H y (or_intror Hy)) R2) as (w & Ew & Hw).
destruct (best_bound (V (length r)) s x w (H x (or_introl eq_refl)) R1 Ew) as (b & Eb & Hb). exists b. simpl. split; [exact Eb|lia].
Qed.

Theorem V_attained n : forall s v, V n s = Some v -> exists xs, length xs = n /\ (forall x, In x xs -> In x terms) /\ in_range s xs /\ total s xs = v.
Proof.
induction n as [|n IH]; intros s v E.
- simpl in E. injection E as <-. exists []. simpl. repeat split; auto. easy.
- destruct (best_attained _ _ _ E) as (x & w & Hx & L & Ew & ->). destruct (IH _ _ Ew) as (xs & Hl & Hi & Hr & Ht).
  exists (x :: xs). simpl. repeat split; auto; [intros y [<-|Hy]; auto|lia].
Qed.

(** ** The program: the same by tables of the states that can be reached *)

Definition key s := match s with 0 => xH | Zpos q => xO q | Zneg q => xI q end.

Lemma key_injective a b : key a = key b -> a = b.
Proof. destruct a, b; simpl; congruence. Qed.

Definition table := PositiveMap.t (Z * option Z).

(** A table's value; the specification's where it has none, which is never asked for if the states are all there. *)
Definition look (T : table) n s := match PositiveMap.find (key s) T with Some (_, v) => v | None => V n s end.

Definition fill (T : table) n (states : list Z) : table :=
  fold_right (fun s new => PositiveMap.add (key s) (s, best (look T n) s) new) (PositiveMap.empty _) states.

Fixpoint values n (layers : list (list Z)) : table := match n, layers with
  | O, _ => PositiveMap.empty _
  | S m, states :: rest => fill (values m rest) m states
  | S m, [] => PositiveMap.empty _
  end.

Definition right (T : table) n := forall s u v, PositiveMap.find (key s) T = Some (u, v) -> v = V n s.

Lemma look_right T n s : right T n -> look T n s = V n s.
Proof. unfold look. intros H. destruct (PositiveMap.find (key s) T) as [[u v]|] eqn:E; [|reflexivity]. now apply (H s u). Qed.

Lemma best_ext v w s : (forall t, v t = w t) -> best v s = best w s.
Proof. intros H. unfold best. induction terms as [|x l IH]; simpl; [reflexivity|]. rewrite IH. unfold offer. now rewrite H. Qed.

Lemma fill_right T n states : right T n -> right (fill T n states) (S n).
Proof.
intros H. induction states as [|s r IH]; intros t u v; simpl; [now rewrite PositiveMap.gempty|].
destruct (Z.eq_dec s t) as [<-|M].
- rewrite PositiveMap.gss. intros [= <- <-]. apply best_ext. intros y. now apply look_right.
- rewrite PositiveMap.gso by (intros E; apply M; symmetry; now apply key_injective). apply IH.
Qed.

Lemma values_right n : forall layers, right (values n layers) n.
Proof.
induction n as [|n IH]; intros [|states rest]; simpl; try (intros s u v; now rewrite PositiveMap.gempty). apply fill_right, IH.
Qed.

(** Sets of integers. *)
Definition set := PositiveMap.t (Z * unit).
Definition insert (T : set) s := PositiveMap.add (key s) (s, tt) T.
Definition elements (T : set) := map (fun q => fst (snd q)) (PositiveMap.elements T).
Definition distinct l := elements (fold_left insert l (PositiveMap.empty _)).

(** States after 0, 1, ... terms from those of a list. *)
Fixpoint reach n (states : list Z) : list (list Z) := match n with
  | O => []
  | S m => states :: match m with
      | O => []
      | _ => reach m (elements (fold_left (fun T s => fold_left (fun T x => let t := next s x in if legal t then insert T t else T) terms T)
          states (PositiveMap.empty _)))
      end
  end.

Definition answer n := look (values n (reach n [0])) n 0.

Theorem answer_right n : answer n = V n 0.
Proof. apply look_right, values_right. Qed.

(** ** What it says of real numbers *)

Notation real := (multiple g).

Lemma recursive_integers xs : forall s, recursive (nearest_even p e) (real s) (map real xs) = real (fold_left next xs s).
Proof.
induction xs as [|x r IH]; intros s; [reflexivity|]. simpl map. rewrite recursive_cons. rewrite <- multiple_plus, round_integer_correct; [|exact Hp].
apply IH.
Qed.

Lemma sum_integers xs : sum (map real xs) = real (fold_right Z.add 0 xs).
Proof. induction xs as [|x r IH]; [symmetry; apply multiple_0|]. simpl map. rewrite sum_cons, IH. symmetry. apply multiple_plus. Qed.

Lemma magnitude_integers xs : magnitude (map real xs) = real (fold_right (fun x a => Z.abs x + a) 0 xs).
Proof.
unfold magnitude. induction xs as [|x r IH]; [symmetry; apply multiple_0|]. simpl map. rewrite sum_cons, IH.
unfold multiple at 1. rewrite <- F2R_Zabs. symmetry. apply multiple_plus.
Qed.

Lemma total_is xs : forall s,
  total s xs = D * (fold_left next xs s - (s + fold_right Z.add 0 xs)) - N * fold_right (fun x a => Z.abs x + a) 0 xs.
Proof. induction xs as [|x r IH]; intros s; simpl; [ring|]. rewrite IH. unfold gain. ring. Qed.

(** No sum of the terms overflows. *)
Definition no_overflow (xs : list Z) := in_range 0 xs.

Definition error xs := (recursive (nearest_even p e) 0 (map real xs) - sum (map real xs))%R.

Lemma real_times a x : (IZR a * real x)%R = real (a * x).
Proof. unfold multiple, F2R. simpl. rewrite mult_IZR. ring. Qed.

Lemma total_real xs : (IZR D * error xs - IZR N * magnitude (map real xs))%R = real (total 0 xs).
Proof.
unfold error. rewrite <- (multiple_0 g). rewrite recursive_integers, sum_integers, magnitude_integers, total_is.
rewrite <- multiple_minus, !real_times. now rewrite <- multiple_minus.
Qed.
End Automaton.
