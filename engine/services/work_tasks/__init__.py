"""Work of enterprises for individuals: tasks with seats, applications, engagements. A `work_task` is one of these; the
word task alone means a user task.
"""
