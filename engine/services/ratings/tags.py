"""What a rating may say besides its stars."""

from collections.abc import Mapping

TAGS: Mapping[str, tuple[str, str]] = {
    "punctual": ("守时", "Punctual"),
    "skilled": ("专业", "Skilled"),
    "careful": ("细致", "Careful"),
    "clear": ("要求清楚", "Clear about what was wanted"),
    "responsive": ("回复及时", "Quick to answer"),
    "polite": ("有礼貌", "Polite"),
    "late": ("不守时", "Late"),
    "careless": ("粗心", "Careless"),
    "unclear": ("要求不清", "Unclear about what was wanted"),
    "slow": ("回复慢", "Slow to answer"),
}
