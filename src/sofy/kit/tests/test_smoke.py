def test_smoke(db):
    from django.db import connection
    with connection.cursor() as c:
        c.execute("select current_user, count(*) from kit_outbox group by 1 union select current_user, 0")
        print(c.fetchall())
