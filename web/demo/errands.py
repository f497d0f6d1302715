"""What people of the demo ask of couriers: one errand of each category, as its form is filled in."""

from collections.abc import Mapping

from web.demo.demands import Fields

PHONE = "13857100246"
_TO_CAMPUS: Fields = {
    "dropoff-known": "yuquan_campus",
    "dropoff-address": "浙江大学玉泉校区 6 舍 312",
    "recipient_name": "陈思远",
    "recipient_phone": PHONE,
    "timing": "now",
    "weight_kg": "3",
    "range_m": "3000",
    "needs_delivery_code": "true",
}
_SHOP: Fields = {"pickup_shop-known": "wulin_square"}
WANTED: Mapping[str, Fields] = {
    "fetch_parcel": {
        **_TO_CAMPUS,
        "description": "取一件快递，箱子约 40 厘米，请轻放。",
        "station": "武林广场菜鸟驿站",
        "station_code": "8-2-3017",
        "parcel_count": "1",
        "pickup-known": "wulin_square",
        "pickup-address": "武林广场 3 号 菜鸟驿站",
    },
    "buy": {
        **_TO_CAMPUS,
        **_SHOP,
        "description": "买水果和抽纸，苹果要脆的。",
        "goods_list": "苹果 2 斤，香蕉 1 把，抽纸 1 提",
        "shop_choice": "fixed",
        "shop": "武林超市",
        "goods_cap_fen": "50.00",
    },
    "deliver": {
        **_TO_CAMPUS,
        "description": "把合同原件送到学院办公室。",
        "size": "A4 文件袋",
        "declared_fen": "200.00",
        "needs_pickup_code": "true",
        "pickup-known": "wulin_square",
        "pickup-address": "武林广场 12 号 201",
    },
    "print": {**_TO_CAMPUS, **_SHOP, "description": "打印论文两份，胶装。", "shop": "武林图文", "copies": "2"},
    "answer": {"description": "请教一道积分题。", "question": "怎样求 x·eˣ 的不定积分？"},
    "other": {
        "description": "排队取号，拍照发给我。",
        "timing": "now",
        "weight_kg": "0",
        "pickup_other-known": "wulin_square",
        "pickup_other-address": "武林广场 5 号 办事大厅",
    },
}
