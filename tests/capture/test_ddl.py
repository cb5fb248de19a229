"""The triggers as they are sent, word for word. What they do is tried in `test_statements` and `test_cascades`."""

from __future__ import annotations

from dataclasses import replace
from inspect import cleandoc

import sqlalchemy as sa

from changeover.capture.source import Source
from changeover.capture.watched import Plan, place, planned
from changeover.dialects import TableName, of
from changeover.dialects.triggers import Reference, Trigger, indented, trigger_name
from changeover.keyset.key import Key, KeyColumn
from changeover.types.base import Family
from changeover.types.instant import Instant
from changeover.types.integer import Integer
from changeover.types.text import Text

BACKENDS: dict[Family, str] = {
    "mysql": "mysql+pymysql",
    "postgresql": "postgresql+psycopg",
    "sqlite": "sqlite",
}
LINE, SHOP = TableName("order line"), TableName("shop")


def key(family: Family, **kinds: Integer | Text | Instant) -> Key:
    return Key(tuple(KeyColumn(name, kind, sa.Integer()) for name, kind in kinds.items()), family)


def plan(family: Family, *references: Reference) -> Plan:
    """A root with a number for a key, of which another root reads rows by a text and a number."""
    joined = key(family, code=Text(20), no=Integer())
    found = [
        Source("order line", LINE, "x.order line", key(family, no=Integer())),
        Source("cart.1:order line", LINE, "x.cart", joined, (sa.column("a"), sa.column("b"))),
    ]
    return planned(found, references, family, None)


def triggers(
    family: Family, made: Plan, table: TableName = LINE, schema: str | None = "old"
) -> list[Trigger]:
    (watched,) = (one for one in made.watched if one.table == table)
    if family == "sqlite":
        watched = replace(watched, uniques=((("code", "NOCASE"),), (("no", "BINARY"),)))
    return of(sa.make_url(f"{BACKENDS[family]}://")).trigger_ddl(watched, place(schema))


def joined(row: str) -> str:
    """The key of two columns on MySQL."""
    code = f"replace(replace(CONVERT({row}.code USING utf8mb4), '~', '~~'), '|', '~!')"
    return f"concat({code}, '|', CAST({row}.no AS CHAR CHARACTER SET utf8mb4))"


def test_mysql() -> None:
    insert, update, delete = triggers("mysql", plan("mysql"))
    new, old = joined("NEW"), joined("OLD")
    assert insert.create == (
        cleandoc(
            f"""
            CREATE TRIGGER `changeover_ai_order_line_8dc327faa9`
            AFTER INSERT ON `order line` FOR EACH ROW
            BEGIN
              INSERT INTO `old`.`changeover_outbox` (`source`, `row_key`, `at`)
              VALUES ('order line', CAST(NEW.no AS CHAR CHARACTER SET utf8mb4), UTC_TIMESTAMP(6));
              IF NEW.`code` IS NOT NULL AND NEW.`no` IS NOT NULL THEN
                INSERT INTO `old`.`changeover_outbox` (`source`, `row_key`, `at`)
                VALUES ('cart.1:order line', {new}, UTC_TIMESTAMP(6));
              END IF;
            END
            """
        ),
    )
    assert update.create == (
        cleandoc(
            f"""
            CREATE TRIGGER `changeover_au_order_line_8dc327faa9`
            AFTER UPDATE ON `order line` FOR EACH ROW
            BEGIN
              INSERT INTO `old`.`changeover_outbox` (`source`, `row_key`, `at`)
              VALUES ('order line', CAST(NEW.no AS CHAR CHARACTER SET utf8mb4), UTC_TIMESTAMP(6));
              IF NOT (OLD.`no` <=> NEW.`no`) THEN
                INSERT INTO `old`.`changeover_outbox` (`source`, `row_key`, `at`)
                VALUES ('order line', CAST(OLD.no AS CHAR CHARACTER SET utf8mb4), UTC_TIMESTAMP(6));
              END IF;
              IF NEW.`code` IS NOT NULL AND NEW.`no` IS NOT NULL THEN
                INSERT INTO `old`.`changeover_outbox` (`source`, `row_key`, `at`)
                VALUES ('cart.1:order line', {new}, UTC_TIMESTAMP(6));
              END IF;
              IF NOT (CAST({old} AS BINARY) <=> CAST({new} AS BINARY)) THEN
                IF OLD.`code` IS NOT NULL AND OLD.`no` IS NOT NULL THEN
                  INSERT INTO `old`.`changeover_outbox` (`source`, `row_key`, `at`)
                  VALUES ('cart.1:order line', {old}, UTC_TIMESTAMP(6));
                END IF;
              END IF;
            END
            """
        ),
    )
    assert delete.name == "changeover_ad_order_line_8dc327faa9"
    assert delete.drop == ("DROP TRIGGER IF EXISTS `changeover_ad_order_line_8dc327faa9`",)


def test_mysql_writes_no_block_around_one_statement() -> None:
    plain = [Source("t", TableName("t"), "x.t", key("mysql", no=Integer()))]
    insert, update, _ = triggers("mysql", planned(plain, (), "mysql"), TableName("t"))
    assert insert.create == (
        cleandoc(
            """
            CREATE TRIGGER `changeover_ai_t`
            AFTER INSERT ON `t` FOR EACH ROW
            INSERT INTO `old`.`changeover_outbox` (`source`, `row_key`, `at`)
            VALUES ('t', CAST(NEW.no AS CHAR CHARACTER SET utf8mb4), UTC_TIMESTAMP(6))
            """
        ),
    )
    assert "FOR EACH ROW\nBEGIN\n" in update.create[0]


def test_mysql_cascades() -> None:
    references = (
        Reference(LINE, ("shop",), SHOP, ("no",), "SET NULL", "CASCADE"),
        Reference(SHOP, ("city",), TableName("city", "geo"), ("no",), "CASCADE", "RESTRICT"),
        Reference(TableName("unrelated"), ("shop",), SHOP, ("no",), "CASCADE", "CASCADE"),
    )
    made = plan("mysql", *references)
    assert [str(one.table) for one in made.watched] == ["geo.city", "order line", "shop"]
    assert made.roots[SHOP] == {"x.order line", "x.cart"}
    delete, update = triggers("mysql", made, SHOP)
    body = f"""
              INSERT INTO `old`.`changeover_outbox` (`source`, `row_key`, `at`)
              SELECT 'order line', CAST(c0.no AS CHAR CHARACTER SET utf8mb4), UTC_TIMESTAMP(6)
              FROM `old`.`order line` AS c0
              WHERE c0.`shop` = OLD.`no`
              LOCK IN SHARE MODE;
              INSERT INTO `old`.`changeover_outbox` (`source`, `row_key`, `at`)
              SELECT 'cart.1:order line', {joined("c0")}, UTC_TIMESTAMP(6)
              FROM `old`.`order line` AS c0
              WHERE c0.`shop` = OLD.`no` AND c0.`code` IS NOT NULL AND c0.`no` IS NOT NULL
              LOCK IN SHARE MODE;"""
    assert delete.create == (
        cleandoc(
            f"""
            CREATE TRIGGER `changeover_bd_shop`
            BEFORE DELETE ON `shop` FOR EACH ROW
            BEGIN{body}
            END
            """
        ),
    )
    indented = body.replace("\n", "\n  ")
    assert update.create == (
        cleandoc(
            f"""
            CREATE TRIGGER `changeover_bu_shop`
            BEFORE UPDATE ON `shop` FOR EACH ROW
            BEGIN
              IF NOT (CAST(OLD.`no` AS BINARY) <=> CAST(NEW.`no` AS BINARY)) THEN{indented}
              END IF;
            END
            """
        ),
    )
    (above,) = triggers("mysql", made, TableName("city", "geo"))
    assert "CREATE TRIGGER `geo`.`changeover_bd_city`\nBEFORE DELETE ON `geo`.`city`" in above.create[0]
    assert (
        "FROM `old`.`shop` AS c0\n  JOIN `old`.`order line` AS c1 ON c1.`shop` = c0.`no`\n  WHERE c0.`city` = OLD.`no`"
        in above.create[0]
    )


def test_mysql_keys_that_cascades_change() -> None:
    reference = Reference(LINE, ("no",), SHOP, ("no",), "CASCADE", "CASCADE")
    _, update = triggers("mysql", plan("mysql", reference), SHOP)
    assert (
        "SELECT 'order line', CAST(NEW.no AS CHAR CHARACTER SET utf8mb4), UTC_TIMESTAMP(6)\n"
        "    FROM `old`.`order line` AS c0\n"
        "    WHERE c0.`no` = OLD.`no` AND NOT (CAST(CAST(c0.no AS CHAR CHARACTER SET utf8mb4) AS BINARY) <=> "
        "CAST(CAST(NEW.no AS CHAR CHARACTER SET utf8mb4) AS BINARY))\n"
        "    LOCK IN SHARE MODE;"
    ) in update.create[0]


def test_postgresql() -> None:
    (one,) = triggers("postgresql", plan("postgresql"))
    joined = "(replace(replace(CAST({0}.code AS text), '~', '~~'), '|', '~!') || '|') || CAST({0}.no AS text)"
    new, old = joined.format("NEW"), joined.format("OLD")
    now = "pg_catalog.clock_timestamp() AT TIME ZONE 'UTC'"
    into = 'INSERT INTO "old"."changeover_outbox" (source, row_key, at)'
    function = '"old"."changeover_note_order_line_8dc327faa9"()'
    equal = "OPERATOR(pg_catalog.=)"
    assert one.create == (
        cleandoc(
            f"""
            CREATE OR REPLACE FUNCTION {function} RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp
            AS $changeover$
            BEGIN
              IF TG_OP {equal} 'TRUNCATE' THEN
                {into}
                VALUES ('!truncated', 'order line', {now});
              ELSIF TG_OP {equal} 'INSERT' THEN
                {into}
                VALUES ('order line', CAST(NEW."no" AS pg_catalog.text), {now});
                IF NEW."code" IS NOT NULL AND NEW."no" IS NOT NULL THEN
                  {into}
                  VALUES ('cart.1:order line', {new}, {now});
                END IF;
              ELSIF TG_OP {equal} 'DELETE' THEN
                {into}
                VALUES ('order line', CAST(OLD."no" AS pg_catalog.text), {now});
                IF OLD."code" IS NOT NULL AND OLD."no" IS NOT NULL THEN
                  {into}
                  VALUES ('cart.1:order line', {old}, {now});
                END IF;
              ELSE
                {into}
                VALUES ('order line', CAST(NEW."no" AS pg_catalog.text), {now});
                IF OLD."no" OPERATOR(pg_catalog.<>) NEW."no" THEN
                  {into}
                  VALUES ('order line', CAST(OLD."no" AS pg_catalog.text), {now});
                END IF;
                IF NEW."code" IS NOT NULL AND NEW."no" IS NOT NULL THEN
                  {into}
                  VALUES ('cart.1:order line', {new}, {now});
                END IF;
                IF ({old}) COLLATE pg_catalog."C" IS DISTINCT FROM ({new}) THEN
                  IF OLD."code" IS NOT NULL AND OLD."no" IS NOT NULL THEN
                    {into}
                    VALUES ('cart.1:order line', {old}, {now});
                  END IF;
                END IF;
              END IF;
              RETURN NULL;
            END
            $changeover$
            """
        ),
        f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC",
        (
            'CREATE TRIGGER "changeover_rows" AFTER INSERT OR UPDATE OR DELETE ON "order line"\n'
            f"FOR EACH ROW EXECUTE FUNCTION {function}"
        ),
        'ALTER TABLE "order line" ENABLE ALWAYS TRIGGER "changeover_rows"',
        f'CREATE TRIGGER "changeover_truncate" AFTER TRUNCATE ON "order line"\nFOR EACH STATEMENT EXECUTE FUNCTION {function}',
        'ALTER TABLE "order line" ENABLE ALWAYS TRIGGER "changeover_truncate"',
    )


def test_postgresql_notes_what_is_inserted_and_deleted_as_a_whole_where_nobody_else_reaches_the_table() -> (
    None
):
    (watched,) = plan("postgresql").watched
    (one,) = of(sa.make_url("postgresql+psycopg://")).trigger_ddl(replace(watched, alone=True), place("old"))
    joined = "(replace(replace(CAST(t.code AS text), '~', '~~'), '|', '~!') || '|') || CAST(t.no AS text)"
    now = "pg_catalog.clock_timestamp() AT TIME ZONE 'UTC'"
    into = 'INSERT INTO "old"."changeover_outbox" (source, row_key, at)'
    equal = "OPERATOR(pg_catalog.=)"
    present = 't."code" IS NOT NULL AND t."no" IS NOT NULL'

    def noted(rows: str) -> str:
        return cleandoc(
            f"""
            {into}
            SELECT 'order line', CAST(t."no" AS pg_catalog.text), {now} FROM "{rows}" AS t;
            {into}
            SELECT 'cart.1:order line', key, {now} FROM (
              SELECT DISTINCT ({joined}) COLLATE pg_catalog."C" AS key FROM "{rows}" AS t WHERE {present}
            ) AS changed;
            """
        )

    body = (
        f"  ELSIF TG_LEVEL {equal} 'STATEMENT' THEN\n    IF TG_OP {equal} 'INSERT' THEN\n"
        f"{indented([noted('changeover_new')], '      ')}\n    ELSE\n{indented([noted('changeover_old')], '      ')}\n    END IF;\n"
        f"  ELSIF TG_OP {equal} 'INSERT' THEN\n"
    )
    assert body in one.create[0]
    function = '"old"."changeover_note_order_line_8dc327faa9"()'
    assert [sql for sql in one.create if "TRIGGER " in sql][:8] == [
        (
            'CREATE TRIGGER "changeover_insert" AFTER INSERT ON "order line"\nREFERENCING NEW TABLE AS "changeover_new"\n'
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}"
        ),
        'ALTER TABLE "order line" ENABLE ALWAYS TRIGGER "changeover_insert"',
        (
            'CREATE TRIGGER "changeover_delete" AFTER DELETE ON "order line"\nREFERENCING OLD TABLE AS "changeover_old"\n'
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}"
        ),
        'ALTER TABLE "order line" ENABLE ALWAYS TRIGGER "changeover_delete"',
        f'CREATE TRIGGER "changeover_rows" AFTER UPDATE ON "order line"\nFOR EACH ROW EXECUTE FUNCTION {function}',
        'ALTER TABLE "order line" ENABLE ALWAYS TRIGGER "changeover_rows"',
        f'CREATE TRIGGER "changeover_replayed" AFTER INSERT OR DELETE ON "order line"\nFOR EACH ROW EXECUTE FUNCTION {function}',
        'ALTER TABLE "order line" ENABLE REPLICA TRIGGER "changeover_replayed"',
    ]
    assert [sql.split('"')[1] for sql in one.drop[:-1]] == [
        f"changeover_{name}" for name in ("insert", "delete", "rows", "replayed", "truncate")
    ]


def test_postgresql_sets_no_path_where_a_body_names_all_with_its_schema() -> None:
    numbered = [Source("t", TableName("t"), "x.t", key("postgresql", no=Integer()))]
    (watched,) = planned(numbered, (), "postgresql").watched
    (one,) = of(sa.make_url("postgresql+psycopg://")).trigger_ddl(
        replace(watched, alone=True), place("public")
    )
    assert "SET " not in one.create[0]
    assert " = " not in one.create[0].replace("OPERATOR(pg_catalog.=)", "")


def test_postgresql_sets_what_a_keys_text_depends_on_and_no_more() -> None:
    timed = [Source("t", TableName("t"), "x.t", key("postgresql", at=Instant(6, "postgresql")))]
    (watched,) = planned(timed, (), "postgresql").watched
    partitions = (TableName("t_1"), TableName("t_2", "deep"))
    (one,) = of(sa.make_url("postgresql+psycopg://")).trigger_ddl(
        replace(watched, partitions=partitions), place("public")
    )
    settings = [line for line in one.create[0].split("\n") if line.startswith("SET ")]
    assert settings == [
        "SET search_path = pg_catalog, pg_temp",
        "SET TimeZone = 'UTC'",
        "SET DateStyle = 'ISO'",
        "SET IntervalStyle = 'postgres'",
        "SET extra_float_digits = '1'",
        "SET bytea_output = 'hex'",
    ]
    assert 'ALTER TABLE "deep"."t_2" ENABLE ALWAYS TRIGGER "changeover_truncate"' in one.create


def test_sqlite() -> None:
    made = {one.name: one.create[0] for one in triggers("sqlite", plan("sqlite"), schema=None)}
    assert [name.removesuffix("_order_line_8dc327faa9") for name in made] == [
        f"changeover_{event}" for event in ("bi", "ai", "bu", "au", "ad")
    ]
    now = "strftime('%Y-%m-%d %H:%M:%f', 'now')"

    def number(row: str) -> str:
        return (
            f"CASE typeof({row}.no) WHEN 'blob' THEN char(64976) || hex({row}.no) WHEN 'real' THEN CAST({row}.no AS TEXT) "
            f"ELSE CAST({row}.no AS TEXT) END"
        )

    insert = made["changeover_ai_order_line_8dc327faa9"]
    assert insert.startswith(
        cleandoc(
            f"""
            CREATE TRIGGER "changeover_ai_order_line_8dc327faa9"
            AFTER INSERT ON "order line" FOR EACH ROW
            BEGIN
              INSERT INTO "changeover_outbox" (source, row_key, at)
              SELECT 'order line', {number("NEW")}, {now}
              WHERE NEW."no" IS NOT NULL;
            """
        )
    )
    before = made["changeover_bi_order_line_8dc327faa9"]
    assert before.startswith(
        cleandoc(
            f"""
            CREATE TRIGGER "changeover_bi_order_line_8dc327faa9"
            BEFORE INSERT ON "order line" FOR EACH ROW
            BEGIN
              INSERT INTO "changeover_outbox" (source, row_key, at)
              SELECT 'order line', {number("t")}, {now}
              FROM "order line" AS t
              WHERE t."code" = NEW."code" COLLATE "NOCASE" AND t."no" IS NOT NULL;
            """
        )
    )
    assert before.count("SELECT 'order line'") == 1, "a row that has the number of the new one has its key"
    assert before.count("SELECT 'cart.1:order line'") == 2
    assert (
        'WHERE (OLD."code" IS NOT NEW."code" COLLATE BINARY) AND t."code" = '
        in made["changeover_bu_order_line_8dc327faa9"]
    )
    assert not any("changeover_float" in sql or "changeover_decimal" in sql for sql in made.values())


def test_names_are_short_enough_and_apart() -> None:
    long = [TableName("t" * 200 + end) for end in ("a", "b")]
    odd = [TableName("Item"), TableName("item"), TableName("항목"), TableName("항목2")]
    names = {trigger_name("ai", table, 63) for table in (*long, *odd)}
    assert len(names) == 6
    assert all(len(name.encode()) <= 63 for name in names)
