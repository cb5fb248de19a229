"""The schemas that the recipes speak of."""

OLD = {
    "shop": """
CREATE TABLE tb_category (cat_cd VARCHAR(10) PRIMARY KEY NOT NULL, cat_nm VARCHAR(50) NOT NULL, best_prod_no INTEGER);
CREATE TABLE tb_product (
  prod_no INTEGER PRIMARY KEY, prod_nm VARCHAR(100) NOT NULL, price_txt VARCHAR(20), sell_st CHAR(1) NOT NULL,
  stock_qty INTEGER NOT NULL, weight_g INTEGER, cat_cd VARCHAR(10) NOT NULL, memo_txt VARCHAR(200), kw_txt VARCHAR(200),
  detail_html TEXT, reg_dt DATETIME NOT NULL, upd_dt DATETIME
);
CREATE TABLE tb_member (mem_no INTEGER PRIMARY KEY, email VARCHAR(100) NOT NULL, mem_nm VARCHAR(50));
CREATE TABLE tb_order (order_no INTEGER PRIMARY KEY, mem_no INTEGER NOT NULL, ord_dt DATETIME NOT NULL);
CREATE TABLE tb_order_line (
  order_no INTEGER NOT NULL, line_no INTEGER NOT NULL, prod_no INTEGER NOT NULL, qty INTEGER NOT NULL,
  PRIMARY KEY (order_no, line_no)
);
INSERT INTO tb_category VALUES ('A1', 'Books', 1);
INSERT INTO tb_product VALUES
  (1, ' Atlas ', '9,800', '1', 3, 800, 'A1', '', '#map #world', '<p>', '2011-03-02 10:00:00', NULL),
  (2, 'Chart', NULL, '0', -1, NULL, 'gone', NULL, NULL, NULL, '2011-03-02 10:00:00', '2012-01-01 00:00:00');
INSERT INTO tb_member VALUES (1, ' Ann@example.com', 'Ann'), (2, 'bob@example.com', 'Bob');
INSERT INTO tb_order VALUES (7, 2, '2012-03-04 05:06:07');
INSERT INTO tb_order_line VALUES (7, 1, 1, 2);
""",
    "board": """
CREATE TABLE cm_member (uid INTEGER PRIMARY KEY, email_addr VARCHAR(100) NOT NULL, nick VARCHAR(50) NOT NULL);
INSERT INTO cm_member VALUES (10, 'ann@EXAMPLE.com', 'annie'), (11, 'eve@example.com', 'eve');
""",
}

NEW = """
CREATE TABLE category (
  id INTEGER PRIMARY KEY AUTOINCREMENT, code VARCHAR(10) NOT NULL UNIQUE, name VARCHAR(50) NOT NULL,
  best_product_id INTEGER REFERENCES product
);
CREATE TABLE product (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(200) NOT NULL, price NUMERIC(10, 2), currency CHAR(3),
  stock INTEGER NOT NULL DEFAULT 0, memo VARCHAR(200), status VARCHAR(10) NOT NULL, weight_grams SMALLINT, tags JSON,
  category_id INTEGER REFERENCES category, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP
);
CREATE TABLE product_detail (product_id INTEGER PRIMARY KEY REFERENCES product, body TEXT);
CREATE TABLE member (
  id INTEGER PRIMARY KEY AUTOINCREMENT, email VARCHAR(100) NOT NULL UNIQUE, name VARCHAR(50), nickname VARCHAR(50)
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT, member_id INTEGER NOT NULL REFERENCES member, ordered_at TIMESTAMP NOT NULL
);
CREATE TABLE order_line (
  order_id INTEGER NOT NULL REFERENCES orders, line_no INTEGER NOT NULL, product_id INTEGER NOT NULL REFERENCES product,
  quantity INTEGER NOT NULL, PRIMARY KEY (order_id, line_no)
);
"""
