;; The inner loops of the resampler (resample.ts), four samples at a time: WebAssembly with fixed-width SIMD.
;; resample-kernel-code.ts holds what it compiles to; `npm run kernel` makes it anew.
(module
  (memory (export "memory") 1)

  ;; Turns 16-bit samples into 32-bit floats, rounded up to a whole eight of them.
  (func (export "widen") (param $from i32) (param $to i32) (param $samples i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $from) (i32.shl (local.get $samples) (i32.const 1))))
    (block $done
      (loop $eight
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (v128.store (local.get $to)
          (f32x4.convert_i32x4_s (v128.load16x4_s (local.get $from))))
        (v128.store offset=16 (local.get $to)
          (f32x4.convert_i32x4_s (v128.load16x4_s offset=8 (local.get $from))))
        (local.set $from (i32.add (local.get $from) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 32)))
        (br $eight))))

  ;; Sum of the products of so many floats, a multiple of 16. Four sums that need not wait for each other.
  (func $dot (param $taps i32) (param $window i32) (param $tapsEnd i32) (result f32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $sixteen
      (local.set $a (f32x4.add (local.get $a)
        (f32x4.mul (v128.load (local.get $taps)) (v128.load align=4 (local.get $window)))))
      (local.set $b (f32x4.add (local.get $b)
        (f32x4.mul (v128.load offset=16 (local.get $taps)) (v128.load offset=16 align=4 (local.get $window)))))
      (local.set $c (f32x4.add (local.get $c)
        (f32x4.mul (v128.load offset=32 (local.get $taps)) (v128.load offset=32 align=4 (local.get $window)))))
      (local.set $d (f32x4.add (local.get $d)
        (f32x4.mul (v128.load offset=48 (local.get $taps)) (v128.load offset=48 align=4 (local.get $window)))))
      (local.set $taps (i32.add (local.get $taps) (i32.const 64)))
      (local.set $window (i32.add (local.get $window) (i32.const 64)))
      (br_if $sixteen (i32.lt_u (local.get $taps) (local.get $tapsEnd))))
    (local.set $a (f32x4.add (f32x4.add (local.get $a) (local.get $b)) (f32x4.add (local.get $c) (local.get $d))))
    (local.set $a (f32x4.add (local.get $a)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $a) (local.get $a))))
    (f32.add (f32x4.extract_lane 0 (local.get $a)) (f32x4.extract_lane 1 (local.get $a))))

  ;; Writes the outputs that lie in the window and returns the address behind the last. $phase tells which phase of the
  ;; filter the first of them takes, $window where that begins; both step by $down / $up of an input sample. An output of
  ;; phase 0 is the sample at $copy bytes into the window where that is not negative. Rounded, and clipped to 16 bits.
  (func (export "filter")
    (param $taps i32) (param $tapBytes i32) (param $up i32) (param $down i32) (param $copy i32)
    (param $phase i32) (param $window i32) (param $windowEnd i32) (param $out i32) (result i32)
    (local $value f32) (local $phaseTaps i32)
    (block $done
      (loop $output
        (br_if $done (i32.ge_u (local.get $window) (local.get $windowEnd)))
        (if (i32.and (i32.eqz (local.get $phase)) (i32.ge_s (local.get $copy) (i32.const 0)))
          (then (local.set $value (f32.load (i32.add (local.get $window) (local.get $copy)))))
          (else
            (local.set $phaseTaps
              (i32.add (local.get $taps) (i32.mul (local.get $phase) (local.get $tapBytes))))
            (local.set $value (call $dot
              (local.get $phaseTaps) (local.get $window)
              (i32.add (local.get $phaseTaps) (local.get $tapBytes))))))
        (i32.store16 (local.get $out)
          (i32.trunc_sat_f32_s (f32.nearest
            (f32.max (f32.const -32768) (f32.min (f32.const 32767) (local.get $value))))))
        (local.set $out (i32.add (local.get $out) (i32.const 2)))
        (local.set $phase (i32.add (local.get $phase) (local.get $down)))
        (loop $step
          (if (i32.ge_u (local.get $phase) (local.get $up))
            (then
              (local.set $phase (i32.sub (local.get $phase) (local.get $up)))
              (local.set $window (i32.add (local.get $window) (i32.const 4)))
              (br $step))))
        (br $output)))
    (local.get $out)))
