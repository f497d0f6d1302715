"""Errands: what is asked for, what it costs, who carries it out, and how it ends. The order is a row, `errand`.

CONTRACT. `order_id` is the id of the process instance. States are in `states`, prices in `pricing`, what the browser
asks and sends in `queries` and `commands`; a courier takes an order by `dispatch`. The code of the recipient is never
stored: `codes.make_code` derives it for who may know it.
"""
