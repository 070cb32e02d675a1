"""Elementary functions: compiled, on one float64, with the same bits on every x86-64.

The functions of the C library differ by version and are scalar calls, which keep a loop over lanes from being
vectorised. These are made of +, -, *, /, sqrt, comparisons and integer shifts alone, without a branch: an `if` here
is a select. Their polynomials interpolate the function (or the factor said in the docstring) at Chebyshev nodes,
worked out in 60 digits; errors are in units in the last place (ulp) over the whole range, tested.

Bits are read by `.view` on a NumPy scalar, which works compiled and interpreted. The technique of argument
reduction: J.-M. Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed. (doi 10.1007/978-3-319-76526-6), ch. 10.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import inline, inner, njit

_ROUND = 6755399441055744.0  # 1.5 * 2^52: x + _ROUND holds the integer nearest to x in its lowest bits
_LOG2E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01  # 32 leading bits of ln 2: its product with an exponent is exact
_LN2_LOW = 1.90821492927058770002e-10
_EXP_LOW, _EXP_HIGH = -708.0, 710.0
NEAR = 0.0625
_TINY = 2.2250738585072014e-308  # smallest normal number
_ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)  # bits of sqrt(1/2)
_TO_ONE = np.int64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
_MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
_EXPONENT = np.int64(0xFFF)
_TWO_52 = np.int64(0x4330000000000000)  # bits of 2^52
_HIGH_26 = np.int64(-(1 << 27))  # keeps the leading 26 bits of a mantissa
_52, _62, _1022 = np.int64(52), np.int64(62), np.int64(1022)
_1, _2 = np.int64(1), np.int64(2)


@njit
def exp(x: float) -> float:
    """e^x within 1 ulp: 0 below -708 (no subnormal results), infinity above 709.78, NaN for NaN.

    x = k ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite's two-part ln 2); e^r = 1 + r + r^2 q(r).
    """
    y = _EXP_LOW if x < _EXP_LOW else x
    y = _EXP_HIGH if y > _EXP_HIGH else y
    shifted = y * _LOG2E + _ROUND
    k = shifted - _ROUND
    r = (y - k * _LN2_HIGH) - k * _LN2_LOW
    q = 2.7620201591031547e-07 + r * 2.5100472505694996e-08
    q = 2.4801521057868204e-05 + r * (2.7557268276905696e-06 + r * q)
    q = 0.0013888888917367081 + r * (0.00019841269863171557 + r * q)
    q = 0.041666666666623824 + r * (0.008333333333330039 + r * q)
    q = 0.5000000000000001 + r * (0.16666666666666669 + r * q)
    p = 1.0 + (r + r * r * q)
    bits = (np.float64(shifted).view(np.int64) + _1022) << _52  # of 2^(k - 1): k may be 1024
    return 0.0 if x < _EXP_LOW else (p + p) * np.int64(bits).view(np.float64)


@njit
def exp_less_one_near(x: float) -> float:
    """e^x - 1 within 2 ulp for |x| <= NEAR, without a reduction: x + x^2 q(x)."""
    q = 0.001388888885209413 + x * (0.00019843153726011405 + x * 2.4803471172391467e-05)
    q = 0.04166666666666846 + x * (0.00833333329653822 + x * q)
    q = 0.5 + x * (0.16666666666668464 + x * q)
    return x + x * x * q


@njit
def log_normal_number(x: float) -> float:
    """ln x within 1 ulp for a positive normal number; anything else gives nonsense (see `log`).

    x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt 2; with s = f / (2 + f), ln(1 + f) = 2 s + s^3 P(s^2), summed as in
    Sun's fdlibm (e_log.c).
    """
    i = np.float64(x).view(np.int64) + _TO_ONE
    k = np.int64(((i >> _52) & _EXPONENT) | _TWO_52).view(np.float64) - 4503599627371519.0  # 2^52 + 1023
    f = np.int64((i & _MANTISSA) + _ROOT_HALF).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 0.15331611722055008 + z * 0.14617807153417325
    p = 0.22222211089379496 + z * (0.1818289243253687 + z * p)
    p = 0.3999999999989889 + z * (0.28571428626253836 + z * p)
    p = z * (0.666666666666667 + z * p)
    half_square = 0.5 * f * f
    return k * _LN2_HIGH - ((half_square - (s * (half_square + p) + k * _LN2_LOW)) - f)


@njit
def log(x: float) -> float:
    """ln x within 1 ulp, subnormals included: -infinity at 0, NaN below, infinity at infinity, NaN for NaN."""
    tiny = x < _TINY
    y = log_normal_number(x * 18014398509481984.0 if tiny else x) - (37.429947750237048 if tiny else 0.0)
    y = y if x < np.inf else x
    below = -np.inf if x == 0.0 else np.nan
    return y if x > 0.0 else below


@njit
def asinh(x: float) -> float:
    """Inverse hyperbolic sine within 3 ulp: sign(x) ln(1 + y), y = |x| + sqrt(x^2 + 1) - 1 without cancellation.

    ln(1 + y) = ln u + (y - (u - 1)) / u with u = 1 + y rounded makes good the bits that the sum loses.
    """
    a = -x if x < 0.0 else x
    small = 1.0 if a > 1e8 else a
    square = small * small
    y = 2.0 * a - 1.0 if a > 1e8 else small + square / (1.0 + np.sqrt(1.0 + square))
    u = 1.0 + y
    y = log_normal_number(u) + (y - (u - 1.0)) / u
    y = y if a < 8e307 else a
    return -y if x < 0.0 else y


@inline
def phi_cdf(x: float) -> float:
    """Standard normal distribution function, relative error below 1e-15 from -37.5 up; 0 further down.

    For a = |x| and w = 1 / (a + 5.5), Phi(-a) = exp(-a^2 / 2) w P(1 - 11 w): one polynomial serves all of the tail,
    after Shepherd and Laframboise 1981 (doi 10.1090/S0025-5718-1981-0595058-X). a^2 is taken from the leading half
    of a, whose square is exact, and a factor for the rest. The upper tail is phi_cdf(-x).
    """
    a = -x if x < 0.0 else x
    a = 39.0 if a > 39.0 else a
    w = 1.0 / (a + 5.5)
    t = 1.0 - 11.0 * w
    p = -5.739104186181403e-09 + t * -2.606774740968199e-09
    p = 5.045535636850466e-08 + t * (2.292160863373588e-08 + t * p)
    p = -2.6796598626179425e-07 + t * (-1.7743314535572898e-07 + t * p)
    p = 4.4643706340921046e-07 + t * (1.4836373916276265e-06 + t * p)
    p = 1.6319965384111024e-05 + t * (-1.2118742502261648e-05 + t * p)
    p = -0.0003245226531331884 + t * (7.141478894513676e-05 + t * p)
    p = 0.0024429826757304653 + t * (0.0002696040156145407 + t * p)
    p = 0.04509758081468491 + t * (-0.013923510567743595 + t * p)
    p = 0.21787243285797395 + t * (-0.10970308995855987 + t * p)
    p = 0.5355964890624944 + t * (-0.3670490652936254 + t * p)
    p = 0.7737696342764068 + t * (-0.685183420574338 + t * p)
    high = np.int64(np.float64(a).view(np.int64) & _HIGH_26).view(np.float64)
    rest = -0.5 * (a - high) * (a + high)
    tail = exp(-0.5 * high * high) * (w * p) * (1.0 + rest * (1.0 + rest * (0.5 + rest * 0.16666666666666666)))
    return 1.0 - tail if x > 0.0 else tail


@inline
def phi_inv(p: float) -> float:
    """Standard normal quantile: PPND16 of Wichura 1988, AS 241 (doi 10.2307/2347330), relative error about 1e-15.

    -infinity at 0 and below, infinity at 1 and above, NaN for NaN. For an upper tail q take -phi_inv(q).
    """
    q = p - 0.5
    away = -q if q < 0.0 else q
    tail = p if q < 0.0 else 1.0 - p
    tail = tail if tail > _TINY else _TINY
    r = np.sqrt(-log_normal_number(tail))
    x, near, far = _ratio_central(0.180625 - q * q) * q, _ratio_near(r - 1.6), _ratio_far(r - 5.0)
    y = near if r <= 5.0 else far
    y = -y if q < 0.0 else y
    x = x if away <= 0.425 else y
    x = -np.inf if p <= 0.0 else x
    x = np.inf if p >= 1.0 else x
    return x if p == p else p


@inner
def _ratio_central(r: float) -> float:
    """AS 241, |p - .5| <= .425."""
    a = 33430.575583588128105 + r * 2509.0809287301226727
    a = 45921.953931549871457 + r * (67265.770927008700853 + r * a)
    a = 1971.5909503065514427 + r * (13731.693765509461125 + r * a)
    a = 3.3871328727963666080 + r * (133.14166789178437745 + r * a)
    b = 28729.085735721942674 + r * 5226.4952788528545610
    b = 21213.794301586595867 + r * (39307.895800092710610 + r * b)
    b = 687.18700749205790830 + r * (5394.1960214247511077 + r * b)
    return a / (1.0 + r * (42.313330701600911252 + r * b))


@inner
def _ratio_near(r: float) -> float:
    """AS 241, sqrt(-ln tail) <= 5."""
    a = 0.0227238449892691845833 + r * 0.000774545014278341407640
    a = 1.27045825245236838258 + r * (0.241780725177450611770 + r * a)
    a = 5.76949722146069140550 + r * (3.64784832476320460504 + r * a)
    a = 1.42343711074968357734 + r * (4.63033784615654529590 + r * a)
    b = 5.47593808499534494600e-4 + r * 1.05075007164441684324e-9
    b = 0.148103976427480074590 + r * (0.0151986665636164571966 + r * b)
    b = 1.67638483018380384940 + r * (0.689767334985100004550 + r * b)
    return a / (1.0 + r * (2.05319162663775882187 + r * b))


@inner
def _ratio_far(r: float) -> float:
    """AS 241, sqrt(-ln tail) > 5."""
    a = 2.71155556874348757815e-5 + r * 2.01033439929228813265e-7
    a = 0.0265321895265761230930 + r * (0.00124266094738807843860 + r * a)
    a = 1.78482653991729133580 + r * (0.296560571828504891230 + r * a)
    a = 6.65790464350110377720 + r * (5.46378491116411436990 + r * a)
    b = 1.42151175831644588870e-7 + r * 2.04426310338993978564e-15
    b = 7.86869131145613259100e-4 + r * (1.84631831751005468180e-5 + r * b)
    b = 0.136929880922735805310 + r * (0.0148753612908506148525 + r * b)
    return a / (1.0 + r * (0.599832206555887937690 + r * b))


@inline
def cos_sin_turns(u: float) -> tuple[float, float]:
    """cos(2 pi u), sin(2 pi u) within 2 ulp for |u| < 2^50: the turn is reduced exactly to the nearest quarter."""
    shifted = 4.0 * u + _ROUND
    d = u - 0.25 * (shifted - _ROUND)
    y = d * d
    s = -15.093804042841079 + y * 3.7808650697534167
    s = -76.70585970425508 + y * (42.05868501748958 + y * s)
    s = -41.341702240399634 + y * (81.60524927594797 + y * s)
    s = d * (6.283185307179586 + y * s)
    c = -26.424852868060537 + y * 7.823552446741925
    c = -85.45681716507781 + y * (60.24463000474249 + y * c)
    c = 1.0 + y * (-19.739208802178705 + y * (64.93939402261256 + y * c))
    quarter = np.float64(shifted).view(np.int64)
    odd = (quarter & _1) != 0
    cosine = np.float64(s if odd else c).view(np.int64) ^ (((quarter + _1) & _2) << _62)
    sine = np.float64(c if odd else s).view(np.int64) ^ ((quarter & _2) << _62)
    return np.int64(cosine).view(np.float64), np.int64(sine).view(np.float64)
