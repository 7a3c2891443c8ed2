(* SPDX-License-Identifier: Apache-2.0 *)
(** Statements on the exact worst case of dot products of all numbers of a format, and how Coq computes that they are true. *)
From Coq Require Import Bool.
From Fmtlab Require Import Numbers Sums IntegerRounding IntegerWorstCase.
Local Open Scope bool_scope.
Local Open Scope Z_scope.

(** A format F(p, e) with a largest number: its numbers are those of F(p, e) up to largest 2^e. *)
Record finite_format := { precision : Z; smallest : Z; largest : Z }.

Definition number F x := format (precision F) (smallest F) x /\ (Rabs x <= multiple (smallest F) (largest F))%R.

(** Products of numbers of the format X and Y, added from 0 to nearest even in the format S. *)
Record dot_product := { left : finite_format; right : finite_format; accumulator : finite_format }.

Definition products (xy : list (R * R)) := map (fun t => (fst t * snd t)%R) xy.

Definition computed d xy := recursive (nearest_even (precision (accumulator d)) (smallest (accumulator d))) 0 (products xy).

(** n pairs of numbers for which no sum overflows. *)
Fixpoint stays fl (bound : R) s xs : Prop := match xs with [] => True | x :: r => (Rabs (fl (s + x)) <= bound)%R /\ stays fl bound (fl (s + x)%R) r end.

Definition inputs d n xy := length xy = n /\ Forall (fun t => number (left d) (fst t) /\ number (right d) (snd t)) xy
  /\ stays (nearest_even (precision (accumulator d)) (smallest (accumulator d))) (multiple (smallest (accumulator d)) (largest (accumulator d))) 0 (products xy).

(** The largest |computed - exact| of n products is w 2^g. *)
Definition worst_error_is d n g w :=
  (forall xy, inputs d n xy -> Rabs (computed d xy - sum (products xy)) <= multiple g w)%R
  /\ (exists xy, inputs d n xy /\ (computed d xy - sum (products xy) = multiple g w)%R).

(** The largest |computed - exact| / A is N / D. *)
Definition worst_ratio_is d n (N D : Z) :=
  (forall xy, inputs d n xy -> Rabs (computed d xy - sum (products xy)) <= IZR N / IZR D * magnitude (products xy))%R
  /\ (exists xy, inputs d n xy /\ 0 < magnitude (products xy) /\ computed d xy - sum (products xy) = IZR N / IZR D * magnitude (products xy))%R.

(** ** Numbers and products as integers *)

Definition range n := map (fun k => Z.of_nat k - n) (seq 0 (Z.to_nat (2 * n + 1))).

Lemma range_all n m : Z.abs m <= n -> In m (range n).
Proof.
intros H. apply in_map_iff. exists (Z.to_nat (m + n)). split; [lia|]. apply in_seq. lia.
Qed.

Lemma distinct_in x l : In x l -> In x (distinct l).
Proof.
intros H. unfold distinct, elements.
assert (F : forall l T, In x l \/ FMapPositive.PositiveMap.find (key x) T = Some (x, tt) ->
  FMapPositive.PositiveMap.find (key x) (fold_left insert l T) = Some (x, tt)).
{ clear l H. induction l as [|y l IH]; intros T [H|H]; try easy; [destruct H as [->|H]|]; simpl; apply IH.
  - right. apply FMapPositive.PositiveMap.gss.
  - now left.
  - destruct (Z.eq_dec y x) as [->|N]; [right; apply FMapPositive.PositiveMap.gss|]. right. unfold insert.
    rewrite FMapPositive.PositiveMap.gso by (intros E; apply N; symmetry; now apply key_injective). exact H. }
specialize (F l (FMapPositive.PositiveMap.empty _) (or_introl H)). apply FMapPositive.PositiveMap.elements_correct in F.
change x with (fst (snd (key x, (x, tt)))). now apply (in_map (fun q => fst (snd q))).
Qed.

(** Integers that stand for numbers of a format in the unit 2^e: m 2^k with |m| < 2^p up to the largest. *)
Definition integers F := distinct (filter (fun x => Z.abs x <=? largest F)
  (flat_map (fun k => map (fun m => m * 2 ^ Z.of_nat k) (range (2 ^ precision F - 1))) (seq 0 (Z.to_nat (Z.log2 (largest F) + 1))))).

Lemma multiple_abs_le g a b : (Rabs (multiple g a) <= multiple g b)%R <-> Z.abs a <= b.
Proof. unfold multiple. rewrite <- F2R_Zabs. split; [apply le_F2R|apply F2R_le]. Qed.

Lemma integers_all F x : Prec_gt_0 (precision F) -> number F x -> exists m, In m (integers F) /\ x = multiple (smallest F) m.
Proof.
intros Hp [Hf Hl]. apply FLT_format_generic in Hf; [|exact Hp]. destruct Hf as [[m k] E1 E2 E3]. simpl in E2, E3.
assert (E : x = multiple (smallest F) (m * 2 ^ (k - smallest F))) by (rewrite E1; now apply F2R_change_exp).
exists (m * 2 ^ (k - smallest F)). split; [|exact E]. rewrite E, multiple_abs_le in Hl. set (j := k - smallest F) in *.
assert (Hj : 0 <= j) by (unfold j; lia). unfold integers. apply distinct_in, filter_In. split; [|now apply Z.leb_le].
apply in_flat_map. destruct (Z.eq_dec m 0) as [->|N].
- exists 0%nat. split; [apply in_seq; generalize (Z.log2_nonneg (largest F)); lia|]. apply in_map_iff. exists 0. split; [reflexivity|].
  apply range_all. simpl. unfold Prec_gt_0 in Hp. generalize (Z.pow_pos_nonneg 2 (precision F)). lia.
- exists (Z.to_nat j). assert (Lj : 2 ^ j <= largest F).
  { apply Z.le_trans with (2 := Hl). rewrite Z.abs_mul, (Z.abs_eq (2 ^ j)) by (apply Z.pow_nonneg; lia). generalize (Z.pow_pos_nonneg 2 j). nia. }
  split.
  + apply in_seq. assert (j <= Z.log2 (largest F)) by (rewrite <- (Z.log2_pow2 j) by lia; now apply Z.log2_le_mono). lia.
  + apply in_map_iff. exists m. rewrite Z2Nat.id by lia. split; [reflexivity|]. apply range_all. lia.
Qed.

(** And only such. *)
Lemma distinct_only x l : In x (distinct l) -> In x l.
Proof.
unfold distinct, elements. intros H. apply in_map_iff in H. destruct H as ([i [y t]] & E & H). simpl in E. subst y.
apply FMapPositive.PositiveMap.elements_complete in H. revert H.
assert (F : forall l T, FMapPositive.PositiveMap.find i (fold_left insert l T) = Some (x, t) -> In x l \/ FMapPositive.PositiveMap.find i T = Some (x, t)).
{ clear l. induction l as [|y l IH]; intros T H; [now right|]. simpl in H. destruct (IH _ H) as [H'|H']; [left; now right|].
  unfold insert in H'. destruct (BinPos.Pos.eq_dec i (key y)) as [->|N].
  - rewrite FMapPositive.PositiveMap.gss in H'. injection H' as <- _. left. now left.
  - rewrite FMapPositive.PositiveMap.gso in H' by exact N. now right. }
intros H. destruct (F _ _ H) as [H'|H']; [exact H'|]. now rewrite FMapPositive.PositiveMap.gempty in H'.
Qed.

Lemma range_only n m : In m (range n) -> Z.abs m <= n.
Proof. intros H. apply in_map_iff in H. destruct H as (k & <- & H). apply in_seq in H. lia. Qed.

Lemma integers_only F m : Prec_gt_0 (precision F) -> In m (integers F) -> number F (multiple (smallest F) m).
Proof.
intros Hp H. apply distinct_only, filter_In in H. destruct H as [H L]. apply Z.leb_le in L.
apply in_flat_map in H. destruct H as (k & _ & H). apply in_map_iff in H. destruct H as (n & <- & H). apply range_only in H.
split; [|now apply multiple_abs_le]. apply generic_format_FLT. exists (Float radix2 n (Z.of_nat k + smallest F)); simpl; [|lia|lia].
unfold multiple. symmetry. rewrite (F2R_change_exp radix2 (smallest F) n) by lia.
now replace (Z.of_nat k + smallest F - smallest F) with (Z.of_nat k) by ring.
Qed.

(** ** Terms, their unit 2^g, and the sums that do not overflow in that unit *)

Definition terms d := distinct (flat_map (fun a => map (Z.mul a) (integers (right d))) (integers (left d))).
Definition unit d := smallest (left d) + smallest (right d).
Definition bound d := let k := smallest (accumulator d) - unit d in
  if 0 <=? k then largest (accumulator d) * 2 ^ k else largest (accumulator d) / 2 ^ (- k).

Section Correctness.
Variable d : dot_product.
Hypothesis HX : Prec_gt_0 (precision (left d)).
Hypothesis HY : Prec_gt_0 (precision (right d)).
Hypothesis HS : Prec_gt_0 (precision (accumulator d)).

Notation p := (precision (accumulator d)).
Notation e := (smallest (accumulator d)).
Notation g := (unit d).
Notation real := (multiple g).
Notation fl := (nearest_even p e).

Lemma products_are_terms xy : Forall (fun t => number (left d) (fst t) /\ number (right d) (snd t)) xy ->
  exists zs, products xy = map real zs /\ (forall z, In z zs -> In z (terms d)).
Proof.
intros H. induction H as [|[x y] xy [Hx Hy] _ (zs & E & I)]; [exists []; simpl; easy|].
destruct (integers_all _ _ HX Hx) as (m & Hm & Em), (integers_all _ _ HY Hy) as (n & Hn & En). simpl in Em, En. subst x y.
exists (m * n :: zs). split.
- simpl. rewrite E. f_equal. unfold multiple, F2R, unit. simpl. rewrite mult_IZR, bpow_plus. ring.
- intros z [<-|Hz]; [|now apply I]. apply distinct_in, in_flat_map. exists m. split; [exact Hm|]. now apply in_map.
Qed.

Lemma terms_are_products zs : (forall z, In z zs -> In z (terms d)) ->
  exists xy, products xy = map real zs /\ Forall (fun t => number (left d) (fst t) /\ number (right d) (snd t)) xy.
Proof.
induction zs as [|z zs IH]; intros H; [exists []; simpl; auto|].
destruct IH as (xy & E & F); [intros y Hy; apply H; now right|].
assert (Hz : In z (terms d)) by (apply H; now left). apply distinct_only, in_flat_map in Hz. destruct Hz as (m & Hm & Hz).
apply in_map_iff in Hz. destruct Hz as (n & <- & Hn). exists ((multiple (smallest (left d)) m, multiple (smallest (right d)) n) :: xy). split.
- simpl. rewrite E. f_equal. unfold multiple, F2R, unit. simpl. rewrite mult_IZR, bpow_plus. ring.
- constructor; [|exact F]. split; apply integers_only; assumption.
Qed.

Lemma bound_real t : (Rabs (real t) <= multiple e (largest (accumulator d)))%R <-> Z.abs t <= bound d.
Proof.
unfold bound. destruct (Z.leb_spec 0 (e - g)) as [H|H].
- replace (multiple e (largest (accumulator d))) with (real (largest (accumulator d) * 2 ^ (e - g))) by (symmetry; apply F2R_change_exp; lia).
  apply multiple_abs_le.
- replace (real t) with (multiple e (t * 2 ^ (g - e))) by (symmetry; apply F2R_change_exp; lia). rewrite multiple_abs_le.
  replace (- (e - g)) with (g - e) by ring. assert (P : 0 < 2 ^ (g - e)) by (apply Z.pow_pos_nonneg; lia).
  rewrite Z.abs_mul, (Z.abs_eq (2 ^ (g - e))) by lia. split; intros L.
  + apply Z.div_le_lower_bound; [exact P|]. lia.
  + generalize (Z.mul_div_le (largest (accumulator d)) (2 ^ (g - e)) P). nia.
Qed.

Lemma stays_is_in_range zs : forall s, stays fl (multiple e (largest (accumulator d))) (real s) (map real zs) <-> in_range p e g (bound d) s zs.
Proof.
induction zs as [|z zs IH]; intros s; simpl; [easy|]. rewrite <- multiple_plus, (round_integer_correct p e g) by exact HS.
rewrite bound_real. fold (next p e g s z). rewrite IH. unfold legal. now rewrite Z.leb_le.
Qed.

Lemma products_length xy zs : products xy = map real zs -> length xy = length zs.
Proof. intros E. apply (f_equal (@length R)) in E. unfold products in E. now rewrite !map_length in E. Qed.

(** Inputs are integers of [terms], and the other way round. *)
Lemma inputs_to_integers n xy : inputs d n xy ->
  exists zs, products xy = map real zs /\ length zs = n /\ (forall z, In z zs -> In z (terms d)) /\ in_range p e g (bound d) 0 zs.
Proof.
intros (L & F & S). destruct (products_are_terms xy F) as (zs & E & I). exists zs. repeat split; auto.
- now rewrite <- L, <- (products_length _ _ E).
- rewrite E, <- (multiple_0 g) in S. now apply stays_is_in_range.
Qed.

Lemma integers_to_inputs n zs : length zs = n -> (forall z, In z zs -> In z (terms d)) -> in_range p e g (bound d) 0 zs ->
  exists xy, products xy = map real zs /\ inputs d n xy.
Proof.
intros L I R. destruct (terms_are_products zs I) as (xy & E & F). exists xy. split; [exact E|]. repeat split.
- now rewrite (products_length _ _ E).
- exact F.
- rewrite E, <- (multiple_0 g). now apply stays_is_in_range.
Qed.

(** ** Signs *)

Definition symmetric l := forallb (fun x => existsb (Z.eqb (- x)) l) l.

Lemma symmetric_in l x : symmetric l = true -> In x l -> In (- x) l.
Proof.
unfold symmetric. rewrite forallb_forall. intros H Hx. specialize (H x Hx). apply existsb_exists in H. destruct H as (y & Hy & E).
apply Z.eqb_eq in E. now rewrite E.
Qed.

Lemma next_opp s x : next p e g (- s) (- x) = - next p e g s x.
Proof.
apply (eq_F2R radix2 g). fold (real (next p e g (- s) (- x))). rewrite F2R_Zopp. fold (real (next p e g s x)). unfold next.
rewrite <- !round_integer_correct by exact HS. rewrite <- round_NE_opp. f_equal. unfold multiple. rewrite <- F2R_Zopp. do 2 f_equal. ring.
Qed.

Lemma in_range_opp zs : forall s, in_range p e g (bound d) s zs -> in_range p e g (bound d) (- s) (map Z.opp zs).
Proof.
induction zs as [|z zs IH]; intros s; simpl; [easy|]. intros [H1 H2]. rewrite next_opp. split; [|now apply IH].
unfold legal in *. now rewrite Z.abs_opp.
Qed.

Lemma total_opp D N zs : forall s, total p e g D N (- s) (map Z.opp zs) = total p e g (- D) N s zs.
Proof.
induction zs as [|z zs IH]; intros s; simpl; [reflexivity|]. rewrite next_opp, IH. unfold gain. rewrite next_opp, Z.abs_opp. ring.
Qed.

(** A bound of all totals is one of D |error| - N A. *)
Lemma totals_bound D N n w zs : 0 <= D -> symmetric (terms d) = true -> V p e g (bound d) (terms d) D N n 0 = Some w ->
  length zs = n -> (forall z, In z zs -> In z (terms d)) -> in_range p e g (bound d) 0 zs ->
  (IZR D * Rabs (recursive fl 0 (map real zs) - sum (map real zs)) - IZR N * magnitude (map real zs) <= real w)%R.
Proof.
intros HD Hs Hw L I R. assert (HDR : (0 <= IZR D)%R) by now apply IZR_le.
assert (B : forall ys, length ys = n -> (forall z, In z ys -> In z (terms d)) -> in_range p e g (bound d) 0 ys -> total p e g D N 0 ys <= w).
{ intros ys Ly Iy Ry. destruct (V_bound p e g (bound d) (terms d) D N ys 0 Iy Ry) as (v & Ev & Hv). rewrite Ly, Hw in Ev. now injection Ev as ->. }
assert (P := B zs L I R). apply (multiple_le g) in P. fold (real (total p e g D N 0 zs)) in P.
assert (Q : total p e g (- D) N 0 zs <= w).
{ rewrite <- (total_opp D N zs 0). apply (B (map Z.opp zs)).
  - now rewrite map_length.
  - intros z Hz. apply in_map_iff in Hz. destruct Hz as (y & <- & Hy). now apply symmetric_in, I.
  - now apply (in_range_opp zs 0). }
apply (multiple_le g) in Q.
rewrite <- (total_real p e g D N) in P. rewrite <- (total_real p e g (- D) N), opp_IZR in Q. unfold error in P, Q.
unfold Rabs. destruct Rcase_abs; lra.
Qed.

(** ** The two claims *)

Definition check_error n w := symmetric (terms d) && match answer p e g (bound d) (terms d) 1 0 n with Some v => v =? w | None => false end.

Theorem certify_error n w : check_error n w = true -> worst_error_is d n g w.
Proof.
unfold check_error. rewrite answer_right. intros H. apply andb_prop in H. destruct H as [Hs H].
destruct (V p e g (bound d) (terms d) 1 0 n 0) as [v|] eqn:E; [|easy]. apply Z.eqb_eq in H. subst v. split.
- intros xy Hi. destruct (inputs_to_integers n xy Hi) as (zs & Ez & L & I & R). unfold computed. rewrite Ez.
  generalize (totals_bound 1 0 n w zs Z.le_0_1 Hs E L I R). lra.
- destruct (V_attained p e g (bound d) (terms d) 1 0 n 0 w E) as (zs & L & I & R & T). destruct (integers_to_inputs n zs L I R) as (xy & Ez & Hi).
  exists xy. split; [exact Hi|]. unfold computed. rewrite Ez. rewrite <- T, <- (total_real p e g 1 0). unfold error. lra.
Qed.

Fixpoint in_range_b s xs := match xs with [] => true | x :: r => legal (bound d) (next p e g s x) && in_range_b (next p e g s x) r end.

Lemma in_range_b_correct xs : forall s, in_range_b s xs = true -> in_range p e g (bound d) s xs.
Proof. induction xs as [|x r IH]; intros s; simpl; [easy|]. intros H. apply andb_prop in H. destruct H. auto. Qed.

(** The inputs of [witness] attain the ratio. *)
Definition check_ratio n N D witness := symmetric (terms d) && (0 <? D)
  && match answer p e g (bound d) (terms d) D N n with Some v => v =? 0 | None => false end
  && (Z.of_nat (length witness) =? Z.of_nat n) && forallb (fun x => existsb (Z.eqb x) (terms d)) witness && in_range_b 0 witness
  && (total p e g D N 0 witness =? 0) && existsb (fun x => negb (x =? 0)) witness.

Theorem certify_ratio n N D witness : check_ratio n N D witness = true -> worst_ratio_is d n N D.
Proof.
unfold check_ratio. rewrite answer_right. intros H.
repeat match goal with H : (_ && _)%bool = true |- _ => apply andb_prop in H; destruct H end.
match goal with H : symmetric _ = true |- _ => rename H into Hs end. match goal with H : (0 <? D) = true |- _ => apply Z.ltb_lt in H; rename H into HD end.
match goal with H : (Z.of_nat _ =? _) = true |- _ => apply Z.eqb_eq, Nat2Z.inj in H; rename H into L end.
match goal with H : forallb _ _ = true |- _ => rewrite forallb_forall in H; rename H into I end.
match goal with H : in_range_b _ _ = true |- _ => apply in_range_b_correct in H; rename H into R end.
match goal with H : (total _ _ _ _ _ _ _ =? 0) = true |- _ => apply Z.eqb_eq in H; rename H into T end.
match goal with H : existsb _ witness = true |- _ => rename H into A end.
destruct (V p e g (bound d) (terms d) D N n 0) as [v|] eqn:E; [|easy]. match goal with H : (v =? 0) = true |- _ => apply Z.eqb_eq in H; subst v end.
assert (DR : (0 < IZR D)%R) by now apply IZR_lt. assert (Q : forall a b, (IZR D * a = IZR N * b -> a = IZR N / IZR D * b)%R).
{ intros a b Hab. apply Rmult_eq_reg_l with (IZR D); [|lra]. rewrite Hab. field. lra. }
split.
- intros xy Hi. destruct (inputs_to_integers n xy Hi) as (zs & Ez & L' & I' & R'). unfold computed. rewrite Ez.
  generalize (totals_bound D N n 0 zs (Z.lt_le_incl _ _ HD) Hs E L' I' R'). rewrite multiple_0. intros B.
  apply Rmult_le_reg_l with (IZR D); [exact DR|]. replace (IZR D * (IZR N / IZR D * magnitude (map real zs)))%R with (IZR N * magnitude (map real zs))%R by (field; lra).
  lra.
- assert (I' : forall z, In z witness -> In z (terms d)).
  { intros z Hz. specialize (I z Hz). apply existsb_exists in I. destruct I as (y & Hy & Ey). apply Z.eqb_eq in Ey. now rewrite Ey. }
  destruct (integers_to_inputs n witness L I' R) as (xy & Ez & Hi). exists xy. unfold computed. rewrite Ez. repeat split; try apply Hi.
  + apply existsb_exists in A. destruct A as (x & Hx & Nx). apply negb_true_iff, Z.eqb_neq in Nx. clear -Hx Nx.
    induction witness as [|y r IH]; [easy|]. simpl map. rewrite magnitude_cons. generalize (magnitude_pos (map real r)) (Rabs_pos (real y)).
    destruct Hx as [->|Hx]; [|specialize (IH Hx); lra]. assert (0 < Rabs (real x))%R; [|lra]. apply Rabs_pos_lt. unfold multiple. now apply F2R_neq_0.
  + apply Q. assert (TR : real (total p e g D N 0 witness) = 0%R) by (rewrite T; apply multiple_0).
    rewrite <- (total_real p e g D N) in TR. unfold error in TR. lra.
Qed.
End Correctness.

(** Proves a claim by computing it. *)
Ltac certify_error := apply certify_error; [reflexivity|reflexivity|reflexivity|vm_compute; reflexivity].
Ltac certify_ratio witness := apply certify_ratio with witness; [reflexivity|reflexivity|reflexivity|vm_compute; reflexivity].
