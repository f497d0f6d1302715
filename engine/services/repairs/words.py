"""What things of a repair are called, in both languages."""

from collections.abc import Mapping

TRADES: Mapping[str, tuple[str, str]] = {
    "electrical": ("电工", "electrical"),
    "plumbing": ("水暖", "plumbing"),
    "hvac": ("暖通空调", "HVAC"),
    "appliances": ("家电", "appliances"),
    "network": ("网络弱电", "network"),
    "carpentry": ("木工", "carpentry"),
}
PRIORITIES: Mapping[str, tuple[str, str]] = {
    "urgent": ("紧急", "urgent"),
    "usual": ("一般", "usual"),
    "low": ("较低", "low"),
}
GAPS: Mapping[str, tuple[str, str]] = {
    "line_without_finding": ("维修项没有结论", "Line without finding"),
    "finding_without_photo": ("结论没有照片", "Finding without photo"),
    "photo_without_finding": ("照片没有对应结论", "Photo without finding"),
    "pair_open": ("疑似重复未裁定", "Possible duplicate not decided"),
    "conflict_open": ("冲突未裁定", "Conflict not decided"),
}
