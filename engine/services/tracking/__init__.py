"""Where a courier is while he carries an order: written once a second, seen by few, and only while the order runs.

CONTRACT. Topics: `tracking.open` when an order was taken, `tracking.picked_up` when the goods are with the courier,
`tracking.close` at the end. Positions: `batch.PositionBatch.report(courier, fixes)`. Readers: `queries.read_track`.
The recipient's link: `links.make_tracking_link`.
"""
