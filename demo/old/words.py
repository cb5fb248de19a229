"""Word lists the texts are made of."""

SURNAMES = "김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 전 홍".split()
GIVEN = (
    "민준 서연 도윤 하은 시우 지우 예준 수아 주원 지민 은서 현우 채원 준호 다은 유진 태현 소율 건우 나은"
).split()
ROMAN_SURNAMES = (
    "kim lee park choi jung kang cho yoon jang lim han oh seo shin kwon hwang ahn song jeon hong"
).split()
ROMAN_GIVEN = (
    "minjun seoyeon doyun haeun siwoo jiwoo yejun sua juwon jimin eunseo hyunwoo chaewon junho daeun"
).split()
MAIL_DOMAINS = ("mail.example", "post.example", "webmail.example.com", "example.org", "naru.example.net")

ADJECTIVES = (
    "포근한 가벼운 튼튼한 부드러운 시원한 따뜻한 깔끔한 심플한 클래식 데일리 프리미엄 오가닉 미니 빅사이즈"
).split()
GOODS = (
    "머그컵 텀블러 에코백 담요 책상등 노트 만년필 우산 슬리퍼 후드티 양말 쿠션 앞치마 도마 접시 캔들 파우치"
).split()
ENGLISH_GOODS = (
    "Café au lait mug", "Crème brûlée bowl", "Façade print – large", "Über light jacket", "Piñata box", "Naïve art",
    "Garçon apron", "Smörgås board", "“Daily” notebook", "Resumé folder", "Señor sock", "Plain cushion",
)  # fmt: skip
MAKERS = (
    "한빛공업(주)",
    "두레상사",
    "온누리산업",
    "새벽공방",
    "Nordic Works",
    "가람 F&B",
    "㈜달맞이",
    "Atelier 봄",
)
BRANDS = ("NARU", "봄날", "Daily&Co", "오롯이", "Haru", "고운", "MONO", "결")
ORIGINS = ("KR", "KR", "KR", "CN", "VN", "JP", "DE", "kr", "Cn", "")
COLOURS = "블랙 화이트 네이비 베이지 카키 라벤더".split()
TAGS = "여름 신상 sale 특가 선물 집들이 캠핑 오피스 Gift BEST 한정판 겨울 재입고".split()
STREETS = "은행나무로 달빛길 새싹로 강변대로 솔밭길 햇살로 바람골길 하늘로".split()
CITIES = (
    "서울특별시 마포구",
    "부산광역시 해운대구",
    "대전광역시 유성구",
    "경기도 성남시 분당구",
    "제주특별자치도 제주시",
)

SENTENCES = (
    "오래 써도 모양이 변하지 않도록 두 번 다듬었습니다.",
    "손에 쥐었을 때 무게가 한쪽으로 쏠리지 않아요.",
    "첫 세탁은 찬물에 단독으로 해 주세요.",
    "모니터에 따라 색이 조금 달라 보일 수 있습니다.",
    "A small batch is made every second week; the next one ships on Monday.",
    "주문이 몰리는 시간에는 출고가 하루 늦어질 수 있어요.",
    "선물 포장을 고르시면 카드에 적을 말을 함께 남겨 주세요.",
    "Made from cotton that was left over from another run, so no two pieces match exactly.",
    "교환은 받으신 날부터 7일 안에 신청하실 수 있습니다.",
    "생각보다 커요! 사이즈 표를 꼭 확인하세요 🙏",
    "뚜껑을 닫은 채로 전자레인지에 넣지 마세요 (120℃ 까지).",
    "지난번에 산 것도 아직 잘 쓰고 있어서 하나 더 샀습니다.",
    "배송은 빨랐는데 상자가 조금 눌려서 왔네요.",
    "Is there a smaller one? The handle does not fit my shelf.",
    "오늘은 25분씩 네 번 집중했고 마지막 한 번은 실패했습니다.",
    "같이 하실 분은 댓글로 시간만 남겨 주세요 :)",
    "정답은 아니지만 저는 이렇게 풀었어요.",
    "If you leave it overnight the colour settles, at least mine did.",
)
TITLES = (
    "이거 어떻게 쓰세요?", "아침 공부 인증합니다", "환불 문의드려요", "주말 후기 (사진 많음)", "Question about the lid",
    "다들 몇 시에 주무세요", "첫 글입니다 잘 부탁드려요", "[공지] 점검 안내", "3일차 기록", "색상 추천 좀 해 주세요!!",
)  # fmt: skip
NICKS = (
    "달토끼",
    "밤샘러",
    "mint",
    "코딩하는곰",
    "느린달팽이",
    "Sori",
    "책벌레",
    "커피두잔",
    "하루🌙",
    "zero_cool",
    "봄🌸봄",
)
GOALS = (
    "정보처리기사",
    "토익 900",
    "알고리즘 하루 한 문제",
    "논문 초안",
    "독서 모임",
    "Rust 입문",
    "수능 D-100",
    "아침 6시 기상",
)
