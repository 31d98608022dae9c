-- name: networks
-- Whose numbers begin with what.
SELECT prefix, country, network FROM price_network

-- name: sale_prices
-- What clients pay: every row, since which one is in force depends on the day.
SELECT client_id, channel, purpose, country, network, price_eur, valid_from FROM price_sale ORDER BY id

-- name: purchase_prices
-- What routes cost.
SELECT route_id, channel, '' AS purpose, country, network, price_eur, valid_from FROM price_purchase ORDER BY id
